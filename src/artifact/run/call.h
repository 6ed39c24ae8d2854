// How an operation's row runs: its operands as values, a place for its results.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "artifact/graph/op_spec.h"
#include "voxloom/sparse_tensor.h"
#include "voxloom/tensor.h"
#include "voxloom/weight.h"

namespace voxloom::artifact {

using RuntimeValue = std::variant<std::monostate, Tensor, SparseTensor, Weight>;

// What a model gives its operations besides their operands.
class Environment {
 public:
  Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  virtual ~Environment() = default;
  // Boundary coordinates are divided by the stride on the way in and multiplied on the way out.
  [[nodiscard]] virtual bool physical_coordinates() const = 0;
  // A set with these rows that was seen before at this place of the graph, or this one: the same
  // object keeps its kernel maps from call to call.
  [[nodiscard]] virtual CoordinateSet remembered(const Graph::Op& place,
                                                 const CoordinateSet& set) = 0;
  // The same, without making a set first when the rows were seen.
  [[nodiscard]] virtual CoordinateSet remembered(const Graph::Op& place, const Tensor& rows,
                                                 const CoordinateSetOptions& options) = 0;
};

// What joins a convolution's last store: y = relu(sums + bias + residual).
struct FusedTail {
  const SparseTensor* residual = nullptr;
  bool relu = false;
};

class Call : public OpView {
 public:
  Call(const OpView& view, std::vector<const RuntimeValue*> operands, std::vector<bool> wanted,
       Environment& environment)
      : OpView(view),
        operands_(std::move(operands)),
        wanted_(std::move(wanted)),
        environment_(environment) {}

  [[nodiscard]] const Tensor& tensor(std::string_view name) const;
  [[nodiscard]] const SparseTensor& sparse(std::string_view name) const;
  [[nodiscard]] const SparseTensor* maybe_sparse(std::string_view name) const;
  [[nodiscard]] std::vector<SparseTensor> sparse_list(std::string_view name) const;
  // A packed weight learns here how many of its channels are padding.
  [[nodiscard]] Weight weight(std::string_view name, std::int64_t in_channels) const;
  [[nodiscard]] const Tensor& vector(std::string_view name) const;  // a dense weight
  [[nodiscard]] Tensor bias() const;                                // undefined when absent

  [[nodiscard]] bool wants(std::size_t result) const { return wanted_[result]; }
  void result(RuntimeValue value) { results_.push_back(std::move(value)); }
  [[nodiscard]] std::vector<RuntimeValue>& results() { return results_; }
  [[nodiscard]] Environment& environment() const { return environment_; }

 private:
  [[nodiscard]] const RuntimeValue& value(std::string_view name) const;

  std::vector<const RuntimeValue*> operands_;
  std::vector<bool> wanted_;
  std::vector<RuntimeValue> results_;
  Environment& environment_;
};

// The rows that `active` (int32[1]) says count; std::invalid_argument when a buffer has fewer.
struct ActiveBuffer {
  std::string_view name;
  const Tensor& tensor;
};
[[nodiscard]] std::vector<Tensor> active_rows(std::string_view op, const Tensor& active,
                                              std::span<const ActiveBuffer> buffers);

}  // namespace voxloom::artifact
