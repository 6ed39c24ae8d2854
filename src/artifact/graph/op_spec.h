// One row per operation: its operands, attributes and results, what its results look like, how it
// runs, and how far it looks. Parser, verifier, writer, builder and executor all go by these rows; to add an operation is to
// add a row (ops_*.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "voxloom/graph.h"

namespace voxloom::artifact {

class OpView;      // below
class Inference;   // inference.h
class Call;        // call.h
class ReachQuery;  // reach.h
struct FusedTail;  // call.h

enum class ValueKind : std::uint8_t { tensor, sparse, weight };  // in the order of ValueType
[[nodiscard]] inline ValueKind kind_of(const ValueType& type) {
  return static_cast<ValueKind>(type.index());
}
[[nodiscard]] std::string_view name_of(ValueKind kind);

enum class Presence : std::uint8_t { required, optional, variadic };

// An optional operand is told from its neighbours by its kind; a variadic one takes one or more.
struct OperandSpec {
  std::string_view name;
  ValueKind kind = ValueKind::tensor;
  Presence presence = Presence::required;
  std::vector<WeightFamily> families = {};
};

enum class AttributeKind : std::uint8_t {
  boolean,
  integer,
  f32,
  integers,
  triple,
  f64_triple,
  string,
  enumeration,
  packing
};
enum class Range : std::uint8_t { any, positive, non_negative, minus_one_or_more };

struct AttributeSpec {
  std::string_view name;
  AttributeKind kind = AttributeKind::integer;
  Range range = Range::any;
  std::string_view enum_kind = {};  // "lattice.join"
  std::vector<std::string_view> choices =
      {};  // in the order of the C++ enum; of strings: all allowed
  // What a builder that leaves the attribute out means by it. A text may leave it out only in our own
  // operations.
  std::optional<AttributeValue> fallback = {};
  bool may_be_absent = false;  // absence means something of its own
};

// The same meaning in an operation of IR v2 that takes the same operands in the same order.
struct PlainForm {
  std::string_view name;
  Attributes attributes;
};

struct OpSpec {
  std::string_view name;  // in full
  std::vector<OperandSpec> operands = {};
  std::vector<AttributeSpec> attributes = {};
  std::vector<ValueKind> results = {};
  void (*infer)(Inference&) = nullptr;
  void (*run)(Call&) = nullptr;
  void (*reach)(ReachQuery&) = nullptr;  // how far its results look
  // With an addition and a rectifier in the last store. False, and nothing is done, where the residual
  // has other sites.
  bool (*run_fused)(Call&, const FusedTail&) = nullptr;
  // Of ours: its form in IR v2, where that has words for these attributes.
  std::optional<PlainForm> (*plain)(const OpView&) = nullptr;
  // Of IR v2: mlx-lattice takes an input of rank 2 alone.
  bool for_matrices_elsewhere = false;

  [[nodiscard]] bool is_extension() const { return name.starts_with("voxloom."); }
  [[nodiscard]] const AttributeSpec* attribute(std::string_view attribute_name) const;
};

inline constexpr std::string_view kWeightOp = "lattice.weight";
inline constexpr std::string_view kSymbolAttribute = "sym_name";  // written as @symbol

[[nodiscard]] const OpSpec* find_op(std::string_view name);
// By the name without its dialect, "conv3d": ours, which say more, before those of IR v2.
[[nodiscard]] const OpSpec* find_row(std::string_view short_name);
// In one of IR v2's operations every attribute is written; in ours, only what is not the default.
void complete_attributes(const OpSpec& spec, Attributes& attributes);
[[nodiscard]] std::vector<const OpSpec*> all_ops();

// The rows, one file per family.
[[nodiscard]] std::span<const OpSpec> sparse_ops();
[[nodiscard]] std::span<const OpSpec> sparse_extension_ops();
[[nodiscard]] std::span<const OpSpec> conv_ops();
[[nodiscard]] std::span<const OpSpec> pool_ops();
[[nodiscard]] std::span<const OpSpec> point_ops();
[[nodiscard]] std::span<const OpSpec> dense_ops();

// Which of an operation's operands each of its specs stands for.
struct Slot {
  std::size_t first = 0;
  std::size_t count = 0;
};
// Nothing when the kinds do not fit the specs.
[[nodiscard]] std::optional<std::vector<Slot>> match_operands(const OpSpec& spec,
                                                              std::span<const ValueKind> kinds);

// An operation with its row: what both inference and execution read.
class OpView {
 public:
  OpView(const OpSpec& spec, const Graph::Op& op, std::span<const Slot> slots)
      : spec_(spec), op_(op), slots_(slots) {}

  [[nodiscard]] const OpSpec& spec() const { return spec_; }
  [[nodiscard]] const Graph::Op& op() const { return op_; }
  [[nodiscard]] Slot slot(std::string_view operand) const;
  [[nodiscard]] bool has_operand(std::string_view operand) const;

  // Present, or known by its fallback.
  [[nodiscard]] bool has(std::string_view attribute) const { return find(attribute) != nullptr; }
  [[nodiscard]] bool flag(std::string_view attribute) const;
  [[nodiscard]] std::int64_t integer(std::string_view attribute) const;
  [[nodiscard]] float real(std::string_view attribute) const;
  [[nodiscard]] Triple triple(std::string_view attribute) const;
  [[nodiscard]] Triple triple_or(std::string_view attribute, Triple otherwise) const;
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::string_view attribute) const;
  [[nodiscard]] std::array<double, 3> reals(std::string_view attribute) const;
  [[nodiscard]] const std::string& text(std::string_view attribute) const;
  template <typename Enum>
  [[nodiscard]] Enum choice(std::string_view attribute) const {
    return static_cast<Enum>(choice_index(attribute));
  }

 private:
  [[nodiscard]] const AttributeValue* find(std::string_view attribute) const;
  template <typename T>
  [[nodiscard]] const T& get(std::string_view attribute) const;
  [[nodiscard]] std::size_t choice_index(std::string_view attribute) const;

  const OpSpec& spec_;
  const Graph::Op& op_;
  std::span<const Slot> slots_;
};

// How a weight is stored, from #lattice.packing<...>. bits 0: dense.
struct Packing {
  int bits = 0;
  int group_size = 0;
  DType scale = DType::f16;
};
// `problem` says what is wrong when there is nothing.
[[nodiscard]] std::optional<Packing> packing_of(const EnumValue& value, std::string& problem);
[[nodiscard]] EnumValue packing_attribute(const Packing& packing);

}  // namespace voxloom::artifact
