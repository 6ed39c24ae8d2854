#pragma once

#include <vector>

#include "artifact/run/call.h"
#include "voxloom/artifact.h"

namespace voxloom::artifact {

// Puts the named inputs at their places in the value table. std::invalid_argument for an input that
// is missing, unknown, or of another type or shape than the graph says.
void bind_inputs(const Graph& graph, const TensorMap& inputs, std::vector<RuntimeValue>& values);

}  // namespace voxloom::artifact
