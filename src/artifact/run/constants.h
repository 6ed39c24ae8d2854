// A graph's weights as values.
#pragma once

#include <vector>

#include "artifact/run/call.h"
#include "voxloom/safetensors.h"

namespace voxloom::artifact {

// By value; nothing where a value is no weight. The verifier has seen that the arrays fit.
[[nodiscard]] std::vector<RuntimeValue> load_constants(const Graph& graph, const TensorMap& arrays);

}  // namespace voxloom::artifact
