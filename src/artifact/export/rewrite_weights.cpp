#include "artifact/export/rewrite_weights.h"

#include <algorithm>
#include <set>

#include "artifact/export/weight_op.h"
#include "artifact/run/constants.h"
#include "artifact/run/simplify.h"
#include "artifact/verify/portability.h"
#include "artifact/verify/verifier.h"

namespace voxloom::artifact {
namespace {

std::string key_of(const Graph::Op& op) {
  return std::get<std::string>(op.attributes.at("storage_key").value);
}

// The operation that makes a weight stand for another array, under another key.
void replace_weight(Graph& graph, Graph::Op& op, const std::string& key, const Weight& value,
                    TensorMap& arrays) {
  Graph::Value& place = graph.values[static_cast<std::size_t>(op.results[0])];
  WeightOp made = describe_weight(key, std::get<WeightType>(place.type).family, value);
  place.name = symbol_of(key);
  place.type = made.type;
  op.attributes = std::move(made.attributes);
  arrays.merge(made.arrays);
}

class Folding {
 public:
  explicit Folding(Bundle& bundle)
      : bundle_(bundle),
        graph_(bundle.graph),
        constants_(load_constants(graph_, bundle.weights)),
        before_(constants_) {}

  void run() {
    fold_batch_norms(graph_, constants_);
    for (const Graph::Op& op : graph_.ops) {
      if (op.name == kWeightOp) keys_.insert(key_of(op));
    }
    const Uses uses(graph_);
    const std::vector<int> makers = makers_of(graph_);
    TensorMap arrays;
    for (Graph::Op& op : graph_.ops) {
      if (op.name != kWeightOp || uses.by(op.results[0]).empty()) continue;
      if (is_changed(op.results[0])) {
        const std::string key = new_key(op, uses, makers);
        replace_weight(graph_, op, key, tensor(constants_, op.results[0]), arrays);
      } else {
        for (const std::string& name : arrays_of(op)) {
          arrays.emplace(name, bundle_.weights.at(name));
        }
      }
    }
    bundle_.weights = std::move(arrays);
    place_weights();
  }

 private:
  [[nodiscard]] static Tensor tensor(const std::vector<RuntimeValue>& of, int value) {
    const auto* weight = std::get_if<Weight>(&of[static_cast<std::size_t>(value)]);
    const auto* dense = weight == nullptr ? nullptr : std::get_if<Tensor>(weight);
    return dense == nullptr ? Tensor{} : *dense;
  }

  [[nodiscard]] bool is_changed(int value) const {
    const Tensor now = tensor(constants_, value), then = tensor(before_, value);
    return now.defined() && now.raw() != then.raw();
  }

  // What was a norm's bias is its product's now.
  [[nodiscard]] std::string new_key(const Graph::Op& op, const Uses& uses,
                                    const std::vector<int>& makers) {
    const std::string key = key_of(op);
    const int user = uses.only_user(op.results[0]);
    if (user < 0 || op_at(graph_, user).operands.back() != op.results[0]) return key;
    for (const int operand : op_at(graph_, user).operands) {
      const int maker = makers[static_cast<std::size_t>(operand)];
      if (operand == op.results[0] || maker < 0 || op_at(graph_, maker).name != kWeightOp) continue;
      std::string stem = key_of(op_at(graph_, maker));
      if (!stem.ends_with("weight")) return key;
      stem.replace(stem.size() - 6, 6, "bias");
      return keys_.insert(stem).second ? stem : key;
    }
    return key;
  }

  // Each weight before its first use.
  void place_weights() {
    std::vector<Graph::Op> ordered;
    std::vector<Graph::Op> old = std::move(graph_.ops);
    std::vector<int> weight_of(graph_.values.size(), -1);
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (old[i].name != kWeightOp) continue;
      weight_of[static_cast<std::size_t>(old[i].results[0])] = static_cast<int>(i);
    }
    for (Graph::Op& op : old) {
      if (op.name == kWeightOp) continue;
      for (const int operand : op.operands) {
        int& weight = weight_of[static_cast<std::size_t>(operand)];
        if (weight < 0) continue;
        ordered.push_back(old[static_cast<std::size_t>(weight)]);
        weight = -1;
      }
      ordered.push_back(std::move(op));
    }
    graph_.ops = std::move(ordered);
  }

  Bundle& bundle_;
  Graph& graph_;
  std::vector<RuntimeValue> constants_;
  const std::vector<RuntimeValue> before_;
  std::set<std::string> keys_;
};

// Groups are never packed, and normalized forms read their weights' squares.
bool takes_packed(const Graph::Op& op) {
  const OpSpec& spec = *find_op(op.name);
  const OpView view(spec, op, {});
  return !view.has("eps") && (!view.has("groups") || view.integer("groups") == 1) &&
         !view.has("offsets");
}

}  // namespace

void fold_norms(Bundle& bundle) { Folding(bundle).run(); }

void pack_weights(Bundle& bundle, const ExportOptions& options) {
  Graph& graph = bundle.graph;
  const Uses uses(graph);
  for (Graph::Op& op : graph.ops) {
    if (op.name != kWeightOp || arrays_of(op).size() != 1) continue;
    const WeightFamily family = std::get<WeightType>(graph.value(op.results[0]).type).family;
    if (family != WeightFamily::conv3d && family != WeightFamily::linear) continue;
    const std::string key = key_of(op);
    const Tensor dense = bundle.weights.at(key);
    if (dense.shape().back() < options.packed_channels) continue;
    const auto fits = [&](int user) {
      const Graph::Op& by = op_at(graph, user);
      return takes_packed(by) && (!options.pack_for_all_readers ||
                                  runs_packed_elsewhere(OpView(*find_op(by.name), by, {})));
    };
    if (!std::ranges::all_of(uses.by(op.results[0]), fits)) continue;
    bundle.weights.erase(key);
    replace_weight(graph, op, key, quantize(dense, *options.packed), bundle.weights);
  }
}

}  // namespace voxloom::artifact
