#include "artifact/verify/plain_form.h"

#include <algorithm>
#include <set>

#include "artifact/verify/verifier.h"

namespace voxloom::artifact {

std::optional<Graph::Op> plain_form(const Graph& graph, const Graph::Op& op) {
  const OpSpec* spec = find_op(op.name);
  if (spec == nullptr || spec->plain == nullptr) return std::nullopt;
  // What does not fit is not reported: the operation stays as it is, and is checked as such.
  Diagnostics ignored;
  Reporter reporter("", ignored);
  if (!check_attributes(op, *spec, reporter)) return std::nullopt;
  const auto slots = check_operands(graph, op, *spec, reporter);
  if (!slots) return std::nullopt;
  std::optional<PlainForm> form = spec->plain(OpView(*spec, op, *slots));
  if (!form) return std::nullopt;
  const OpSpec& plain = *find_op(form->name);
  if (plain.for_matrices_elsewhere) {
    const auto& type = std::get<TensorType>(graph.value(op.operands[0]).type);
    if (type.dims.size() != 2) return std::nullopt;
  }
  Graph::Op result = op;
  result.name = std::string(form->name);
  result.attributes = std::move(form->attributes);
  complete_attributes(plain, result.attributes);
  // A weight of our own family, say.
  if (!check_operands(graph, result, plain, reporter)) return std::nullopt;
  return result;
}

Graph to_plain(Graph graph) {
  std::set<int> used;
  for (const Graph::Op& op : graph.ops) used.insert(op.operands.begin(), op.operands.end());
  for (const Graph::Output& output : graph.outputs) used.insert(output.value);
  for (Graph::Op& op : graph.ops) {
    std::optional<Graph::Op> plain = plain_form(graph, op);
    if (!plain) continue;
    // A result that IR v2's form does not have must be one that nobody reads.
    const std::size_t count = find_op(plain->name)->results.size();
    if (std::any_of(op.results.begin() + static_cast<std::ptrdiff_t>(count), op.results.end(),
                    [&](int value) { return used.contains(value); })) {
      continue;
    }
    plain->results.resize(count);
    op = std::move(*plain);
  }
  graph.extensions = needs_extensions(graph);
  return graph;
}

}  // namespace voxloom::artifact
