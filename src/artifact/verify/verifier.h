// Is a graph right, and do the arrays of its weights fit? Finds every problem, not the first.
#pragma once

#include <vector>

#include "artifact/graph/inference.h"
#include "voxloom/safetensors.h"

namespace voxloom::artifact {

struct Verification {
  std::vector<Facts> values;                // what is known of each value
  std::vector<std::vector<Slot>> op_slots;  // of each operation; empty where it was refused
};

// `weights` may be null: the arrays are then not looked at. Problems with the arrays go to
// `weight_reporter`.
[[nodiscard]] Verification verify(const Graph& graph, const Safetensors* weights,
                                  Reporter& reporter, Reporter& weight_reporter);

// The facts of one weight; `op` is well formed but for the arrays (weight_check.cpp).
[[nodiscard]] WeightFacts check_weight(const Graph& graph, const Graph::Op& op,
                                       const Safetensors& weights, Reporter& reporter);

// Names of the arrays that a weight operation stands for.
[[nodiscard]] std::vector<std::string> arrays_of(const Graph::Op& op);

// One operation's attributes against its row (attribute_check.cpp). True when all are right.
[[nodiscard]] bool check_attributes(const Graph::Op& op, const OpSpec& spec, Reporter& reporter);

// Its operands; nothing when they do not fit (operand_check.cpp).
[[nodiscard]] std::optional<std::vector<Slot>> check_operands(const Graph& graph,
                                                              const Graph::Op& op,
                                                              const OpSpec& spec,
                                                              Reporter& reporter);

}  // namespace voxloom::artifact
