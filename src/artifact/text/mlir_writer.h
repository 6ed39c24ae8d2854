// Graph to text, in one layout: the same graph always gives the same text.
#pragma once

#include <string>

#include "voxloom/graph.h"

namespace voxloom::artifact {

[[nodiscard]] std::string write_graph(const Graph& graph);  // a graph that was verified

}  // namespace voxloom::artifact
