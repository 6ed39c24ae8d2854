// Convolution, addition, rectifier: what the convolution can do in its last store.
#include <algorithm>

#include "artifact/graph/op_spec.h"
#include "artifact/run/simplify.h"

namespace voxloom::artifact {
namespace {

bool is_fusible(const Graph& graph, const Graph::Op& op) {
  const OpSpec& spec = *find_op(op.name);
  if (spec.run_fused == nullptr) return false;
  const std::optional<std::vector<Slot>> slots = match_operands(spec, kinds_of(graph, op));
  const OpView view(spec, op, *slots);
  const bool is_grouped = view.has("groups") && view.integer("groups") != 1;
  // A single offset is a plain matrix product, which has a faster way of its own.
  const bool is_pointwise = !view.has("offsets") && view.triple("kernel_size") == Triple(1);
  return !is_grouped && !is_pointwise && !view.has("eps");
}

class ChainFinder {
 public:
  explicit ChainFinder(const Graph& graph)
      : graph_(graph), uses_(graph), is_taken_(graph.ops.size()) {}

  std::vector<Chain> run() {
    std::vector<Chain> chains;
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      if (is_taken_[i] || !is_fusible(graph_, graph_.ops[i])) continue;
      Chain chain{.convolution = static_cast<int>(i),
                  .result = graph_.ops[i].results[0],
                  .ops = {static_cast<int>(i)}};
      extend_by_addition(chain);
      extend_by_rectifier(chain);
      if (chain.ops.size() == 1) continue;
      for (const int op : chain.ops) is_taken_[static_cast<std::size_t>(op)] = true;
      std::ranges::sort(chain.ops);
      chains.push_back(std::move(chain));
    }
    return chains;
  }

 private:
  void extend_by_addition(Chain& chain) const {
    const int user = uses_.only_user(chain.result);
    if (user < 0 || is_taken_[static_cast<std::size_t>(user)]) return;
    const Graph::Op& op = op_at(graph_, user);
    if (op.name != "lattice.sparse.binary") return;
    const OpSpec& spec = *find_op(op.name);
    const std::vector<Slot> slots = *match_operands(spec, kinds_of(graph_, op));
    if (OpView(spec, op, slots).text("op") != "add") return;
    if (element_of(graph_.value(chain.result).type) != ElementType::f32) return;
    chain.addition = user;
    chain.residual = op.operands[0] == chain.result ? op.operands[1] : op.operands[0];
    chain.result = op.results[0];
    chain.ops.push_back(user);
  }

  // decompose, relu, with_features
  void extend_by_rectifier(Chain& chain) const {
    const std::vector<int>& users = uses_.by(chain.result);
    const auto found = std::ranges::find_if(
        users, [&](int user) { return op_at(graph_, user).name == kDecompose; });
    if (found == users.end() || users.size() != 2 || uses_.is_output(chain.result)) return;
    const Graph::Op& parts = op_at(graph_, *found);
    if (is_seen(parts.results[0]) || is_seen(parts.results[2])) return;
    const int activation = uses_.only_user(parts.results[1]);
    if (activation < 0 || !is_relu(op_at(graph_, activation))) return;
    const int last = uses_.only_user(op_at(graph_, activation).results[0]);
    if (last < 0 || op_at(graph_, last).name != kWithFeatures ||
        op_at(graph_, last).operands[0] != chain.result) {
      return;
    }
    chain.rectifier = activation;
    chain.result = op_at(graph_, last).results[0];
    chain.ops.insert(chain.ops.end(), {*found, activation, last});
  }

  [[nodiscard]] bool is_seen(int value) const {
    return uses_.is_output(value) || !uses_.by(value).empty();
  }

  [[nodiscard]] bool is_relu(const Graph::Op& op) const {
    if (op.name != "lattice.activation") return false;
    const OpSpec& spec = *find_op(op.name);
    const std::vector<Slot> slots = *match_operands(spec, kinds_of(graph_, op));
    return OpView(spec, op, slots).text("kind") == "relu";
  }

  const Graph& graph_;
  Uses uses_;
  std::vector<bool> is_taken_;
};

}  // namespace

std::vector<Chain> find_chains(const Graph& graph) { return ChainFinder(graph).run(); }

}  // namespace voxloom::artifact
