// Batch norms whose sums come from a convolution or a linear layer go into its weights.
#include <algorithm>
#include <array>

#include "artifact/graph/op_spec.h"
#include "artifact/run/simplify.h"
#include "ops/fold.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kBatchNorm = "lattice.batch_norm";
constexpr std::string_view kLinear = "lattice.linear";

void replace_uses(Graph& graph, int from, int to) {
  for (Graph::Op& op : graph.ops) std::ranges::replace(op.operands, from, to);
  for (Graph::Output& output : graph.outputs) {
    if (output.value == from) output.value = to;
  }
}

// Does anything but `reader` see the features of `value`? Sites alone are seen by with_features, whose
// own features rule, and by the targets of convolutions and pools.
bool hides_features(const Graph& graph, const Uses& uses, int value, int reader) {
  if (uses.is_output(value)) return false;
  return std::ranges::all_of(uses.by(value), [&](int user) {
    const Graph::Op& op = op_at(graph, user);
    return user == reader || (op.name == kWithFeatures && op.operands[0] == value);
  });
}

const Tensor* dense_floats(const RuntimeValue& value) {
  const auto* weight = std::get_if<Weight>(&value);
  const auto* tensor = weight == nullptr ? nullptr : std::get_if<Tensor>(weight);
  return tensor != nullptr && tensor->dtype() == DType::f32 ? tensor : nullptr;
}

class NormFolder {
 public:
  NormFolder(Graph& graph, std::vector<RuntimeValue>& constants)
      : graph_(graph), constants_(constants), uses_(graph), makers_(makers_of(graph)) {}

  void run() {
    std::vector<bool> is_gone(graph_.ops.size());
    for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
      if (graph_.ops[i].name != kBatchNorm || !try_fold(static_cast<int>(i))) continue;
      is_gone[i] = true;
      replace_uses(graph_, graph_.ops[i].results[0], graph_.ops[i].operands[0]);
      uses_ = Uses(graph_);
    }
    std::size_t next = 0;
    std::erase_if(graph_.ops, [&](const Graph::Op&) { return is_gone[next++]; });
  }

 private:
  // Folding needs a product whose raw result nobody else sees, and weights that are only its own.
  bool try_fold(int norm) {
    const int features = op_at(graph_, norm).operands[0];
    if (uses_.only_user(features) != norm) return false;
    const int product = product_before(features);
    if (product < 0) return false;
    const Graph::Op& op = op_at(graph_, product);
    const std::optional<std::vector<Slot>> slots =
        match_operands(*find_op(op.name), kinds_of(graph_, op));
    if (!slots || !has_plain_sums(op, *slots)) return false;
    const OpView view(*find_op(op.name), op, *slots);
    const int weight = op.operands[view.slot("weight").first];
    const int bias = view.has_operand("bias") ? op.operands[view.slot("bias").first] : -1;
    if (dense_floats(constant(weight)) == nullptr || uses_.only_user(weight) != product) {
      return false;
    }
    if (bias >= 0 && uses_.only_user(bias) != product) return false;
    return fold(norm, product, weight, bias);
  }

  // The number of the operation whose sums the features are, or -1.
  [[nodiscard]] int product_before(int features) const {
    const int maker = makers_[static_cast<std::size_t>(features)];
    if (maker < 0) return -1;
    if (op_at(graph_, maker).name == kLinear) return maker;
    if (op_at(graph_, maker).name != kDecompose) return -1;
    const int tensor = op_at(graph_, maker).operands[0];
    if (!hides_features(graph_, uses_, tensor, maker)) return -1;
    return makers_[static_cast<std::size_t>(tensor)];
  }

  // A product and nothing else: normalized forms divide in between.
  static bool has_plain_sums(const Graph::Op& op, std::span<const Slot> slots) {
    const OpSpec& spec = *find_op(op.name);
    const OpView view(spec, op, slots);
    return view.has_operand("weight") &&
           (op.name == kLinear || op.name.find("conv") != std::string::npos) && !view.has("eps");
  }

  bool fold(int norm, int product, int weight, int bias) {
    const Graph::Op& op = op_at(graph_, norm);
    std::array<const Tensor*, 4> of_norm{};  // scale, bias, mean, variance
    for (std::size_t i = 0; i < 4; ++i) {
      of_norm[i] = dense_floats(constant(op.operands[i + 1]));
      if (of_norm[i] == nullptr) return false;
    }
    // Without a bias of its own the product gets the norm's.
    const int shift = bias >= 0 ? bias : op.operands[2];
    const bool is_own = bias >= 0 || uses_.only_user(shift) == norm;
    if (!is_own) return false;
    const OpSpec& spec = *find_op(kBatchNorm);
    const std::vector<Slot> slots = *match_operands(spec, kinds_of(graph_, op));
    const FoldedNorm folded = voxloom::fold(
        {.scale = *of_norm[0], .bias = *of_norm[1], .mean = *of_norm[2], .variance = *of_norm[3]},
        OpView(spec, op, slots).real("eps"));
    FoldedProduct result =
        voxloom::fold(*dense_floats(constant(weight)), op_at(graph_, product).name == kLinear,
                      bias >= 0 ? *dense_floats(constant(bias)) : Tensor(), folded);
    constant(weight) = std::move(result.weight);
    constant(shift) = Weight(std::move(result.bias));
    if (bias < 0) graph_.ops[static_cast<std::size_t>(product)].operands.push_back(shift);
    return true;
  }

  RuntimeValue& constant(int value) { return constants_[static_cast<std::size_t>(value)]; }

  Graph& graph_;
  std::vector<RuntimeValue>& constants_;
  Uses uses_;
  std::vector<int> makers_;
};

// with_features of a tensor's own features, which is what a folded norm leaves behind.
void drop_identities(Graph& graph) {
  const std::vector<int> makers = makers_of(graph);
  std::vector<bool> is_gone(graph.ops.size());
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    if (graph.ops[i].name != kWithFeatures) continue;
    const int tensor = graph.ops[i].operands[0], features = graph.ops[i].operands[1];
    const int maker = makers[static_cast<std::size_t>(features)];
    if (maker < 0 || op_at(graph, maker).name != kDecompose ||
        op_at(graph, maker).operands[0] != tensor || op_at(graph, maker).results[1] != features) {
      continue;
    }
    is_gone[i] = true;
    replace_uses(graph, graph.ops[i].results[0], tensor);
  }
  // What nobody looks at any more would still count as a user.
  const Uses uses(graph);
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    if (graph.ops[i].name != kDecompose) continue;
    is_gone[i] =
        is_gone[i] || std::ranges::all_of(graph.ops[i].results, [&](int value) {
          return !uses.is_output(value) && std::ranges::all_of(uses.by(value), [&](int user) {
            return is_gone[static_cast<std::size_t>(user)];
          });
        });
  }
  std::size_t next = 0;
  std::erase_if(graph.ops, [&](const Graph::Op&) { return is_gone[next++]; });
}

}  // namespace

void fold_batch_norms(Graph& graph, std::vector<RuntimeValue>& constants) {
  NormFolder(graph, constants).run();
  drop_identities(graph);
}

}  // namespace voxloom::artifact
