// The graph of an artifact: what a model computes, as data. docs/lattice_artifact.md draws the text form.
//
// Values are numbered; an input or an operation defines each one once, before its first use.
// Operations are told by their full name ("lattice.conv3d"); which operands, attributes and results
// each takes stands in one table (src/artifact/ops/ops_*.cpp). A weight is the result of an operation
// "lattice.weight", which names the array it stands for.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "voxloom/attributes.h"
#include "voxloom/dtype.h"
#include "voxloom/export.h"
#include "voxloom/tensor.h"

namespace VOXLOOM_API voxloom {
namespace artifact {

using Position = TextPosition;

enum class ElementType : std::uint8_t { i4, i8, i32, f16, f32, bf16 };
inline constexpr std::int64_t kDynamic = -1;  // a size that is known only when the model runs

struct TensorType {
  Shape dims;
  ElementType element = ElementType::f32;
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

// (batch, x, y, z) coordinates and a row of channels for each.
struct SparseType {
  ElementType element = ElementType::f32;
  friend bool operator==(const SparseType&, const SparseType&) = default;
};

// Each family has one layout: conv3d (O,X,Y,Z,I), linear (O,I), embedding (N,C), channel (C),
// bias (C). kernel is ours: kernel-major, (K,I,O), (K,G,I,O) or (K,C).
enum class WeightFamily : std::uint8_t { conv3d, linear, embedding, channel, bias, kernel };

struct WeightType {
  WeightFamily family = WeightFamily::conv3d;
  ElementType element = ElementType::f32;  // of no consequence when the weight is packed
  friend bool operator==(const WeightType&, const WeightType&) = default;
};

using ValueType = std::variant<TensorType, SparseType, WeightType>;

using voxloom::Attribute;
using voxloom::Attributes;
using voxloom::AttributeValue;
using voxloom::EnumValue;

enum class InputRole : std::uint8_t { tensor, sparse_coords, sparse_features, sparse_active };
enum class OutputRole : std::uint8_t { tensor, sparse_tensor };

struct Graph {
  struct Value {
    std::string name = {};  // its SSA name, without the %
    ValueType type = {};
    Position position = {};
  };
  struct Input {
    std::string name = {};  // what callers bind by
    InputRole role = InputRole::tensor;
    int value = -1;
  };
  struct Output {
    std::string name = {};
    OutputRole role = OutputRole::tensor;
    int value = -1;
    Position position = {};
  };
  struct Op {
    std::string name = {};
    std::vector<int> operands = {};
    Attributes attributes = {};
    std::vector<int> results = {};
    Position position = {};
  };

  std::vector<Value> values;
  std::vector<Input> inputs;
  std::vector<Op> ops;
  std::vector<Output> outputs;
  bool extensions = false;  // the text allowed itself `voxloom.*` and bfloat16

  [[nodiscard]] const Value& value(int id) const { return values.at(static_cast<std::size_t>(id)); }
};

using voxloom::to_string;
[[nodiscard]] std::string to_string(const ValueType& type);  // as the text form writes it
[[nodiscard]] ElementType element_of(const ValueType& type);
[[nodiscard]] ElementType element_type_of(DType dtype);  // std::invalid_argument when it has none
[[nodiscard]] DType dtype_of_element(ElementType element);  // the same for i4 and i8

// Does the graph need our extensions, or can every reader of IR v2 run it?
[[nodiscard]] bool needs_extensions(const Graph& graph);

// The same graph, with the same results, and every operation of ours that IR v2 can say, said so.
[[nodiscard]] Graph to_plain(Graph graph);

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;  // "graph.mlir", "weights.safetensors", or empty: the folder itself
  Position position = {};
  std::string message;
};
using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] std::string place_of(const Diagnostic& diagnostic);   // file:line:col
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);  // file:line:col: error: message
[[nodiscard]] bool has_errors(const Diagnostics& diagnostics);

}  // namespace artifact
}  // namespace voxloom
