// The loop around steps, and evaluation.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "voxloom/train.h"

namespace voxloom::train {
namespace {

void evaluate_scan(const Dataset& data, std::int64_t i, const Labeller& labeller,
                   ConfusionMatrix& to) {
  const LabelledScan scan = data.get(i);
  try {
    to.add(scan.labels, labeller(scan));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: {}", data.name(i), error.what()));
  }
}

}  // namespace

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
    evaluate_scan(data, i, labeller, confusion);
    if (on_scan && !on_scan(i)) break;
  }
  return confusion;
}

namespace {

ConfusionMatrix evaluate_on_all(dist::Communicator& ranks, const Dataset& data,
                                const Labeller& labeller) {
  if (ranks.size() == 1) return evaluate(data, labeller);
  ConfusionMatrix mine(data.classes().size());
  for (std::int64_t i = ranks.rank(); i < data.size(); i += ranks.size()) {
    evaluate_scan(data, i, labeller, mine);
  }
  std::vector<std::int64_t> counts(mine.counts().begin(), mine.counts().end());
  dist::add_up(ranks, counts);
  return {mine.classes(), counts};
}

struct Votes {
  bool to_stop, to_finish;
};

// Where one rank wants it, all do it.
Votes ask_all(dist::Communicator& ranks, bool stops, const RunOptions& options) {
  const bool is_enough = options.is_enough && options.is_enough();
  std::array<std::int64_t, 2> votes = {stops ? 1 : 0, is_enough ? 1 : 0};
  dist::add_up(ranks, votes);
  return {votes[0] > 0, votes[1] > 0};
}

}  // namespace

End run(Trainer& trainer, const Dataset* validation, const RunOptions& options) {
  const auto is_due = [&](std::int64_t every) {
    return trainer.is_done() || (every > 0 && trainer.step_count() % every == 0);
  };
  const auto save = [&] {
    if (!options.checkpoint.empty()) trainer.save(options.checkpoint);
  };
  while (!trainer.is_done()) {
    const StepReport report = trainer.step();
    const bool wants_more = !options.on_step || options.on_step(report);
    if (validation != nullptr && is_due(options.evaluate_every)) {
      const ConfusionMatrix seen = evaluate_on_all(
          trainer.ranks(), *validation,
          labeller_of(trainer.net(), trainer.options().voxel_size, trainer.options().features));
      if (options.on_evaluation) options.on_evaluation(trainer.step_count(), seen);
    }
    // Last: a run that ends before this, however it ends, takes the step again and says all of it again.
    const Votes votes = ask_all(trainer.ranks(), !wants_more, options);
    const bool stops = votes.to_stop && !trainer.is_done();
    if (stops || votes.to_finish || is_due(options.save_every)) save();
    if (stops) return End::stopped;
    if (votes.to_finish) break;
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
