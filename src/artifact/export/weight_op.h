// A weight as an operation: what stands in the graph for it, and its arrays.
#pragma once

#include <string>

#include "artifact/graph/op_spec.h"
#include "voxloom/artifact.h"
#include "voxloom/weight.h"

namespace voxloom::artifact {

struct WeightOp {
  WeightType type;
  Attributes attributes;
  TensorMap arrays;
};
// std::invalid_argument for arrays that no weight has.
[[nodiscard]] WeightOp describe_weight(const std::string& key, WeightFamily family,
                                       const Weight& value);

[[nodiscard]] std::string symbol_of(std::string key);  // "block1.0.weight" -> "block1_0_weight"

}  // namespace voxloom::artifact
