#include "voxloom/graph.h"

#include <algorithm>
#include <array>

#include "artifact/graph/names.h"
#include "artifact/graph/op_spec.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

std::string type_text(const TensorType& type) {
  std::string text = "tensor<";
  for (const std::int64_t size : type.dims) {
    text += size == kDynamic ? "?x" : fmt::format("{}x", size);
  }
  return text + std::string(name_of(type.element)) + ">";
}
std::string type_text(const SparseType& type) {
  return fmt::format(
      "!lattice.sparse_tensor<rank = 3, coord = batch_x_y_z, feature = row_channel, "
      "dtype = {}>",
      name_of(type.element));
}
std::string type_text(const WeightType& type) {
  return fmt::format("!lattice.weight<{}, {}>", name_of(type.family), name_of(type.element));
}

// In the order of ElementType; i4 and i8 are codes of packed weights and never stand in a Tensor.
constexpr std::array<DType, 6> kDTypes = {DType::u8,  DType::u8,  DType::i32,
                                          DType::f16, DType::f32, DType::bf16};

}  // namespace

std::string to_string(const ValueType& type) {
  return std::visit([](const auto& t) { return type_text(t); }, type);
}

ElementType element_of(const ValueType& type) {
  return std::visit([](const auto& t) { return t.element; }, type);
}

ElementType element_type_of(DType dtype) {
  switch (dtype) {
    case DType::i32: return ElementType::i32;
    case DType::f16: return ElementType::f16;
    case DType::f32: return ElementType::f32;
    case DType::bf16: return ElementType::bf16;
    default:
      fail("artifact",
           "{} elements cannot stand in a graph; float32, float16, bfloat16 and int32 can",
           name_of(dtype));
  }
}

DType dtype_of_element(ElementType element) {
  require(element != ElementType::i4 && element != ElementType::i8, "artifact",
          "no tensor holds elements of type {}", name_of(element));
  return kDTypes[static_cast<std::size_t>(element)];
}

bool needs_extensions(const Graph& graph) {
  const auto ours = [](const Graph::Op& op) { return op.name.starts_with("voxloom."); };
  const auto bfloat = [](const Graph::Value& value) {
    const auto* weight = std::get_if<WeightType>(&value.type);
    return element_of(value.type) == ElementType::bf16 ||
           (weight != nullptr && weight->family == WeightFamily::kernel);
  };
  return std::ranges::any_of(graph.ops, ours) || std::ranges::any_of(graph.values, bfloat);
}

std::string place_of(const Diagnostic& diagnostic) {
  if (diagnostic.position.line == 0) return diagnostic.file;
  return fmt::format("{}:{}:{}", diagnostic.file, diagnostic.position.line,
                     diagnostic.position.column);
}

std::string to_string(const Diagnostic& diagnostic) {
  const std::string place = place_of(diagnostic);
  return fmt::format("{}{}{}: {}", place, place.empty() ? "" : ": ",
                     diagnostic.severity == Severity::error ? "error" : "warning",
                     diagnostic.message);
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::ranges::any_of(diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::error;
  });
}

}  // namespace voxloom::artifact
