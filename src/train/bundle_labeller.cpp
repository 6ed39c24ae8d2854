#include "train/bundle_labeller.h"

#include <algorithm>
#include <set>

#include "core/checked.h"
#include "voxloom/artifact.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kOp = "train";

void check(const artifact::Graph& graph, const std::filesystem::path& bundle) {
  std::set<std::string> names;
  for (const auto& input : graph.inputs) names.insert(input.name);
  const bool fits = names == std::set<std::string>{"points", "features", "batch", "active"} &&
                    graph.outputs.size() == 1 && graph.outputs[0].name == "scores";
  require(fits, kOp,
          "'{}' should take points, features, batch and active and give scores, as `voxloom train` "
          "writes it",
          bundle.string());
}

}  // namespace

BundleLabeller::BundleLabeller(const std::filesystem::path& bundle)
    : model_(std::make_shared<artifact::Model>(artifact::Model::load(bundle))) {
  check(model_->graph(), bundle);
}

Tensor BundleLabeller::scores(const LabelledScan& scan) const {
  const std::int32_t count = checked_row_count(kOp, scan.size());
  const auto results = model_->run({{"points", point_positions(scan)},
                                    {"features", point_features(scan)},
                                    {"batch", Tensor::zeros({count}, DType::i32)},
                                    {"active", Tensor::from<std::int32_t>({count}, {1})}});
  return std::get<Tensor>(results.at("scores"));
}

std::vector<std::int32_t> BundleLabeller::operator()(const LabelledScan& scan) const {
  return largest_scores(scores(scan));
}

}  // namespace voxloom::train
