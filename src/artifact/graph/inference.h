// What is known of a value before the model runs, and how an operation's row works it out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "artifact/graph/op_spec.h"
#include "artifact/graph/reporter.h"
#include "core/text.h"

namespace voxloom::artifact {

// A weight's arrays. `known` is false when there is no weight file to look at, or when the arrays
// were refused already.
struct WeightFacts {
  bool known = false;
  Shape shape = {};  // of a dense array; of a packed one: its codes
  std::optional<Packing> packing = {};
  std::int64_t packed_groups = 0;

  [[nodiscard]] bool packed() const { return packing && packing->bits != 0; }
};

struct Facts {
  ValueType type;
  std::int64_t channels = kDynamic;   // of a sparse tensor, or of a tensor's last axis
  std::optional<Triple> stride = {};  // of a sparse tensor
  WeightFacts weight = {};

  [[nodiscard]] ElementType element() const { return element_of(type); }
};

[[nodiscard]] Facts facts_of(const ValueType& type);  // what the type alone says
[[nodiscard]] Facts sparse_facts(ElementType element, std::int64_t channels,
                                 std::optional<Triple> stride);
[[nodiscard]] Facts tensor_facts(Shape dims, ElementType element);

class Inference : public OpView {
 public:
  Inference(const OpView& view, std::span<const Facts> values, Reporter& reporter)
      : OpView(view), values_(values), reporter_(reporter) {}

  [[nodiscard]] const Facts& operand(std::string_view name) const;
  // Null when an optional operand is absent.
  [[nodiscard]] const Facts* maybe(std::string_view name) const;
  [[nodiscard]] std::vector<const Facts*> operands(std::string_view name) const;

  template <typename... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) {
    report(op().position, text, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void error_at(std::string_view attribute, fmt::format_string<Args...> text, Args&&... args) {
    report(position_of(attribute), text, fmt::make_format_args(args...));
  }
  void result(Facts facts) { results_.push_back(std::move(facts)); }
  [[nodiscard]] std::vector<Facts>& results() { return results_; }

  // Checks that several rows share.
  void require_feature_tensor(std::string_view name, std::size_t rank = 2);
  void require_shape(std::string_view name, const Shape& shape, ElementType element);
  void require_same_element(std::string_view a, std::string_view b);
  void require_same_stride(std::string_view a, std::string_view b);
  // A vector weight (C) of the operand `of`'s element type.
  void require_vector(std::string_view name, std::int64_t channels, std::string_view of);

 private:
  void report(Position position, fmt::string_view text, fmt::format_args args);
  [[nodiscard]] Position position_of(std::string_view attribute) const;

  std::span<const Facts> values_;
  Reporter& reporter_;
  std::vector<Facts> results_;
};

// The channels of both side by side; unknown where either is, or where the sum is an error, which is
// reported.
[[nodiscard]] std::int64_t added_channels(Inference& i, std::int64_t a, std::int64_t b);

// The input's stride times, or divided by, the attribute `stride`; nothing when it is not known or
// the result is an error, which is reported.
[[nodiscard]] std::optional<Triple> multiplied_stride(Inference& i);
[[nodiscard]] std::optional<Triple> divided_stride(Inference& i);

[[nodiscard]] inline bool known(std::int64_t size) { return size != kDynamic; }
[[nodiscard]] inline bool may_equal(std::int64_t a, std::int64_t b) {
  return a == b || !known(a) || !known(b);
}

}  // namespace voxloom::artifact
