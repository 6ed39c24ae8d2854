// Our operations in the words of IR v2, wherever it has them: so that every reader can run a graph.
#pragma once

#include <optional>

#include "voxloom/graph.h"

namespace voxloom::artifact {

// Nothing where IR v2 has no words for these attributes or weights. Operands are values of `graph`;
// results are left as they are.
[[nodiscard]] std::optional<Graph::Op> plain_form(const Graph& graph, const Graph::Op& op);

}  // namespace voxloom::artifact
