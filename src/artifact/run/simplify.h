// What a model makes of its graph before it runs: batch norms go into the convolution or linear layer
// before them, and chains of convolution, addition and rectifier become one step.
//
// Folding rounds otherwise than the operations by themselves do, within the bound of docs/semantics.md,
// section 5. Chains of float32 give the same bits; in float16 and bfloat16 only the rectifier joins in.
#pragma once

#include <string_view>
#include <vector>

#include "artifact/run/call.h"
#include "voxloom/graph.h"

namespace voxloom::artifact {

inline constexpr std::string_view kDecompose = "lattice.sparse.decompose";
inline constexpr std::string_view kWithFeatures = "lattice.sparse.with_features";

[[nodiscard]] inline const Graph::Op& op_at(const Graph& graph, int number) {
  return graph.ops[static_cast<std::size_t>(number)];
}
[[nodiscard]] std::vector<ValueKind> kinds_of(const Graph& graph, const Graph::Op& op);
// The operation that makes each value, or -1 for an input.
[[nodiscard]] std::vector<int> makers_of(const Graph& graph);

// Who uses each value: operations, by number; outputs count too.
class Uses {
 public:
  explicit Uses(const Graph& graph);
  [[nodiscard]] const std::vector<int>& by(int value) const {
    return users_[static_cast<std::size_t>(value)];
  }
  [[nodiscard]] bool is_output(int value) const {
    return is_output_[static_cast<std::size_t>(value)];
  }
  // The only one, or -1.
  [[nodiscard]] int only_user(int value) const {
    return by(value).size() == 1 && !is_output(value) ? by(value).front() : -1;
  }

 private:
  std::vector<std::vector<int>> users_;
  std::vector<bool> is_output_;
};

// `constants` are the weights by value. Batch norms that can be folded are taken out of the graph, the
// weights before them are replaced.
void fold_batch_norms(Graph& graph, std::vector<RuntimeValue>& constants);

// A convolution and what is done in its last store. Operations by number; -1: there is none.
struct Chain {
  int convolution = -1;
  int addition = -1;
  int residual = -1;     // a value
  int rectifier = -1;    // the operation lattice.activation
  int result = -1;       // a value: what the chain makes
  std::vector<int> ops;  // all of them in order; the last one is where the chain runs
};
[[nodiscard]] std::vector<Chain> find_chains(const Graph& graph);

}  // namespace voxloom::artifact
