#include "artifact/run/constants.h"

#include "artifact/verify/verifier.h"

namespace voxloom::artifact {
namespace {

Weight load_weight(const Graph::Op& op, const TensorMap& arrays) {
  const std::vector<std::string> names = arrays_of(op);
  if (names.size() == 1) return arrays.at(names[0]);
  std::string problem;
  const Packing packing =
      *packing_of(std::get<EnumValue>(op.attributes.at("packing").value), problem);
  QuantizedWeight weight{.codes = arrays.at(names[0]),
                         .scales = arrays.at(names[1]),
                         .biases = arrays.at(names[2]),
                         .bits = packing.bits,
                         .group_size = packing.group_size};
  // How many channels are padding is known only beside an input; Call::weight fills it in.
  weight.in_channels = weight.scales.dim(weight.kernel_volume() == 1 ? 2 : 1) * packing.group_size;
  return weight;
}

}  // namespace

std::vector<RuntimeValue> load_constants(const Graph& graph, const TensorMap& arrays) {
  std::vector<RuntimeValue> constants(graph.values.size());
  for (const Graph::Op& op : graph.ops) {
    if (op.name != kWeightOp) continue;
    constants[static_cast<std::size_t>(op.results[0])] = load_weight(op, arrays);
  }
  return constants;
}

}  // namespace voxloom::artifact
