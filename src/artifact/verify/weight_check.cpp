// A weight's arrays: there, of the right type, of the right shape.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "artifact/graph/names.h"
#include "artifact/verify/verifier.h"

namespace voxloom::artifact {
namespace {

struct Ranks {
  std::size_t least, most;
};
constexpr Ranks ranks_of(WeightFamily family) {
  switch (family) {
    case WeightFamily::conv3d: return {5, 5};
    case WeightFamily::linear:
    case WeightFamily::embedding: return {2, 2};
    case WeightFamily::channel:
    case WeightFamily::bias: return {1, 1};
    case WeightFamily::kernel: return {2, 4};
  }
  return {0, 0};
}

class WeightCheck {
 public:
  WeightCheck(const Graph& graph, const Graph::Op& op, const Safetensors& weights,
              Reporter& reporter)
      : type_(std::get<WeightType>(graph.value(op.results[0]).type)),
        key_(std::get<std::string>(op.attributes.at("storage_key").value)),
        weights_(weights),
        reporter_(reporter) {
    std::string problem;
    facts_.packing = packing_of(std::get<EnumValue>(op.attributes.at("packing").value), problem);
  }

  WeightFacts run() {
    if (facts_.packed()) {
      check_packed();
    } else {
      check_dense();
    }
    return facts_;
  }

 private:
  const Tensor* array(const std::string& name) {
    if (const auto found = weights_.tensors.find(name); found != weights_.tensors.end()) {
      return &found->second;
    }
    if (const auto found = weights_.unreadable.find(name); found != weights_.unreadable.end()) {
      reporter_.error({}, "array '{}' has elements of type {}, which no weight has", name,
                      found->second);
    } else {
      reporter_.error({}, "array '{}' is missing", name);
    }
    return nullptr;
  }

  bool require_dtype(const std::string& name, const Tensor& tensor, DType wanted) {
    if (tensor.dtype() == wanted) return true;
    reporter_.error({}, "array '{}' must be {}, got {}", name, name_of(wanted),
                    name_of(tensor.dtype()));
    return false;
  }

  void check_dense() {
    const Tensor* tensor = array(key_);
    if (tensor == nullptr) return;
    const Ranks ranks = ranks_of(type_.family);
    facts_.known = require_dtype(key_, *tensor, dtype_of_element(type_.element));
    if (tensor->rank() < ranks.least || tensor->rank() > ranks.most) {
      reporter_.error({}, "array '{}' of a {} weight has shape {}, of {} dimensions instead of {}",
                      key_, name_of(type_.family), tensor->shape(), tensor->rank(),
                      ranks.least == ranks.most ? fmt::to_string(ranks.least)
                                                : fmt::format("{} to {}", ranks.least, ranks.most));
      facts_.known = false;
    }
    if (tensor->size() == 0) {
      reporter_.error({}, "array '{}' of shape {} holds nothing", key_, tensor->shape());
      facts_.known = false;
    }
    facts_.shape = tensor->shape();
  }

  void check_packed() {
    const std::array<std::string, 3> names = {key_ + ".weight", key_ + ".scales", key_ + ".biases"};
    const Tensor* codes = array(names[0]);
    const Tensor* scales = array(names[1]);
    const Tensor* biases = array(names[2]);
    if (codes == nullptr || scales == nullptr || biases == nullptr) return;
    bool right = require_dtype(names[0], *codes, DType::u32);
    right = require_dtype(names[1], *scales, facts_.packing->scale) && right;
    right = require_dtype(names[2], *biases, facts_.packing->scale) && right;
    if (codes->rank() != 3 || codes->size() == 0) {
      reporter_.error({}, "array '{}' has shape {}; codes have three dimensions, none of them 0",
                      names[0], codes->shape());
      return;
    }
    facts_.shape = codes->shape();
    right = check_groups(names[0], *codes) && right;
    Shape expected = codes->shape();
    expected[words_axis()] = facts_.packed_groups;
    for (const auto& [name, tensor] : {std::pair(names[1], scales), std::pair(names[2], biases)}) {
      if (tensor->shape() == expected) continue;
      reporter_.error({}, "array '{}' has shape {}, the codes {} need {}", name, tensor->shape(),
                      codes->shape(), expected);
      right = false;
    }
    facts_.known = right;
  }

  // Codes (1, C_out, words) for one kernel offset, else (K, words, C_out).
  std::size_t words_axis() const { return facts_.shape[0] == 1 ? 2 : 1; }

  bool check_groups(const std::string& name, const Tensor& codes) {
    const Packing& packing = *facts_.packing;
    const std::int64_t words = codes.dim(words_axis());
    const std::int64_t words_per_group = std::int64_t{packing.group_size} * packing.bits / 32;
    facts_.packed_groups = words / words_per_group;
    if (words % words_per_group == 0) return true;
    reporter_.error({},
                    "array '{}' of shape {} has {} words for each output, which is no multiple "
                    "of the {} words of a group",
                    name, codes.shape(), words, words_per_group);
    return false;
  }

  WeightType type_;
  std::string key_;
  const Safetensors& weights_;
  Reporter& reporter_;
  WeightFacts facts_;
};

}  // namespace

WeightFacts check_weight(const Graph& graph, const Graph::Op& op, const Safetensors& weights,
                         Reporter& reporter) {
  return WeightCheck(graph, op, weights, reporter).run();
}

std::vector<std::string> arrays_of(const Graph::Op& op) {
  const auto& key = std::get<std::string>(op.attributes.at("storage_key").value);
  std::string problem;
  const auto packing = packing_of(std::get<EnumValue>(op.attributes.at("packing").value), problem);
  if (!packing || packing->bits == 0) return {key};
  return {key + ".weight", key + ".scales", key + ".biases"};
}

}  // namespace voxloom::artifact
