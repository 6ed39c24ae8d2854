// The loop around steps, and evaluation.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "voxloom/train.h"

namespace voxloom::train {

Labeller labeller_of(const nn::Module& net, double voxel_size, const FeatureSet& features) {
  const auto pool = std::make_shared<MemoryPool>();
  return [&net, voxel_size, features, pool](const LabelledScan& scan) {
    const PoolScope memory(*pool);
    const VoxelBatch batch = make_batch({scan}, voxel_size, features);
    const std::vector<std::int32_t> of_row = largest_scores(net(batch.x).features());
    std::vector<std::int32_t> of_point(batch.row_of_point.size(), kIgnoreLabel);
    for (std::size_t i = 0; i < of_point.size(); ++i) {
      const std::int32_t row = batch.row_of_point[i];
      if (row >= 0) of_point[i] = of_row[static_cast<std::size_t>(row)];
    }
    return of_point;
  };
}

ConfusionMatrix evaluate(const Dataset& data, const Labeller& labeller,
                         const std::function<bool(std::int64_t)>& on_scan) {
  ConfusionMatrix confusion(data.classes().size());
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const LabelledScan scan = data.get(i);
    try {
      confusion.add(scan.labels, labeller(scan));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(fmt::format("{}: {}", data.name(i), error.what()));
    }
    if (on_scan && !on_scan(i)) break;
  }
  return confusion;
}

End run(Trainer& trainer, const Dataset* validation, const RunOptions& options) {
  const auto is_due = [&](std::int64_t every) {
    return trainer.is_done() || (every > 0 && trainer.step_count() % every == 0);
  };
  const auto save = [&] {
    if (!options.checkpoint.empty()) trainer.save(options.checkpoint);
  };
  while (!trainer.is_done()) {
    const StepReport report = trainer.step();
    const bool goes_on = !options.on_step || options.on_step(report);
    if (validation != nullptr && is_due(options.evaluate_every)) {
      const ConfusionMatrix seen = evaluate(
          *validation,
          labeller_of(trainer.net(), trainer.options().voxel_size, trainer.options().features));
      if (options.on_evaluation) options.on_evaluation(trainer.step_count(), seen);
    }
    // Last: a run that ends before this, however it ends, takes the step again and says all of it again.
    const bool stops = !goes_on && !trainer.is_done();
    const bool is_enough = options.is_enough && options.is_enough();
    if (stops || is_enough || is_due(options.save_every)) save();
    if (stops) return End::stopped;
    if (is_enough) break;
  }
  return End::finished;
}

std::vector<float> balanced_weights(const Dataset& data, std::int64_t scans) {
  require(scans >= 1, "balanced_weights", "needs at least one scan, got {}", scans);
  std::vector<double> counts(static_cast<std::size_t>(data.classes().size()), 0.0);
  double all = 0;
  for (std::int64_t i = 0; i < std::min(scans, data.size()); ++i) {
    // Spread over the dataset.
    const LabelledScan scan = data.get(i * data.size() / std::min(scans, data.size()));
    for (const std::int32_t label : scan.labels) {
      if (label < 0) continue;
      counts[static_cast<std::size_t>(label)] += 1;
      all += 1;
    }
  }
  // A class that was not met counts as one point.
  std::vector<double> weights;
  double total = 0;
  for (const double count : counts) {
    weights.push_back(1.0 / std::sqrt(std::max(1.0, count) / std::max(1.0, all)));
    total += weights.back();
  }
  std::vector<float> result;
  for (const double w : weights) {
    result.push_back(static_cast<float>(w * static_cast<double>(weights.size()) / total));
  }
  return result;
}

}  // namespace voxloom::train
