#include "artifact/run/simplify.h"

namespace voxloom::artifact {

std::vector<ValueKind> kinds_of(const Graph& graph, const Graph::Op& op) {
  std::vector<ValueKind> kinds;
  for (const int value : op.operands) kinds.push_back(kind_of(graph.value(value).type));
  return kinds;
}

std::vector<int> makers_of(const Graph& graph) {
  std::vector<int> makers(graph.values.size(), -1);
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    for (const int value : graph.ops[i].results) {
      makers[static_cast<std::size_t>(value)] = static_cast<int>(i);
    }
  }
  return makers;
}

Uses::Uses(const Graph& graph) : users_(graph.values.size()), is_output_(graph.values.size()) {
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    for (const int value : graph.ops[i].operands) {
      users_[static_cast<std::size_t>(value)].push_back(static_cast<int>(i));
    }
  }
  for (const Graph::Output& output : graph.outputs) {
    is_output_[static_cast<std::size_t>(output.value)] = true;
  }
}

}  // namespace voxloom::artifact
