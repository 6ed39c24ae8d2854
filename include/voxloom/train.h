// Training a network that labels the points of scans.
//
//   train::Trainer trainer(net, data, {.epochs = 10});
//   train::run(trainer, validation.get(), {.on_step = show});
//
// A run depends on its options, its network's parameters and its data alone: neither the number of
// threads nor being stopped, saved, loaded and continued changes a bit of its result, nor over how many
// ranks (dist.h) its passes are spread.
//
// Errors: std::invalid_argument for options; FormatError for a checkpoint that is none, or one of
// another run; LossNotFinite when the loss is no longer a number.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/dist.h"
#include "voxloom/export.h"
#include "voxloom/memory.h"
#include "voxloom/metrics.h"
#include "voxloom/optimizer.h"
#include "voxloom/safetensors.h"

namespace VOXLOOM_API voxloom {
namespace train {

// What a network sees of a point, before the mean over its voxel, see scan_input.h.
inline constexpr std::int64_t kPointFeatures = 3;  // of the default
// (P, C); std::invalid_argument names the point whose intensity or colour is not finite.
[[nodiscard]] Tensor point_features(const LabelledScan& scan, const FeatureSet& features = {});
[[nodiscard]] Tensor point_positions(const LabelledScan& scan);  // (P, 3)

struct VoxelBatch {
  SparseTensor x;                          // scan i is batch i
  Tensor labels;                           // (N) int32: the most frequent class among the points
  std::vector<std::int32_t> row_of_point;  // of all scans, one after another; -1: not finite
};
[[nodiscard]] VoxelBatch make_batch(const std::vector<LabelledScan>& scans, double voxel_size,
                                    const FeatureSet& features = {});

struct TrainOptions {
  double voxel_size = 0.1;        // metres
  FeatureSet features = {};       // of a point
  std::int64_t batch_size = 2;    // scans per pass
  std::int64_t accumulation = 1;  // passes per step
  std::int64_t epochs = 1;        // over the dataset
  std::int64_t steps = 0;         // when above 0: as many, whatever the epochs are

  OptimizerOptions optimizer = {};
  float rate = 2e-3F;
  float last_rate = 0.01F;   // as a share of `rate`
  std::int64_t warmup = 20;  // steps
  double clip = 10;          // of the gradients' norm; 0: none

  float cross_entropy = 1, lovasz = 1;  // shares in the loss
  float label_smoothing = 0;
  float focus = 0;                        // of the cross entropy, autograd::CrossEntropyOptions
  std::vector<float> class_weights = {};  // of the cross entropy; empty: all 1

  // Parameters whose names begin so ("conv0", "block1.0") stay as they are; statistics of norms follow the data.
  std::vector<std::string> frozen = {};
  float statistics_momentum = 0.1F;  // of batch norms
  bool checkpoint_blocks = false;    // less memory, more time
  std::uint64_t seed = 0;
};

class LossNotFinite : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct StepReport {
  std::int64_t step = 0, steps = 0;  // `step` are done
  double epoch = 0;
  double loss = 0;
  double gradient_norm = 0;  // before clipping
  float rate = 0;
  std::int64_t voxels = 0;
  double seconds = 0;
};

class BatchSource;
class GradientExchange;
struct PassRecord;
struct RecordLayout;

// Holds everything that a run is: parameters (in the network), moments, schedule, place in the data.
//
// The scans of the next pass are read and put into voxels on another thread while one is computed.
//
// On several ranks pass i of a step runs on rank i modulo their number, and every rank then has the same
// parameters. Constructing, step() and load() are calls of all ranks, which need the same options, data and
// instruction set, and no more ranks than passes; a dist::RankError, on all of them, says what differs.
// The parameters are those of rank 0. A step that throws, as for a loss that is no number, does so on the
// rank that saw it, while the others wait: Communicator::abort.
class Trainer {
 public:
  // The network, whose output has one channel per class of the data, must stay where it is. It is
  // trained on the device that its parameters lie on.
  Trainer(nn::Module& net, DatasetPtr data, const TrainOptions& options,
          dist::Communicator& ranks = dist::one_process());
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  [[nodiscard]] std::int64_t step_count() const { return optimizer_.steps(); }
  [[nodiscard]] std::int64_t total_steps() const { return schedule_.steps; }
  [[nodiscard]] bool is_done() const { return step_count() >= total_steps(); }
  [[nodiscard]] const TrainOptions& options() const { return options_; }
  [[nodiscard]] const nn::Module& net() const { return net_; }
  [[nodiscard]] const Dataset& data() const { return *data_; }
  [[nodiscard]] dist::Communicator& ranks() const { return ranks_; }

  StepReport step();
  // With this rate, not below 0, whatever the schedule says.
  StepReport step(float rate);
  // Of the steps since it was last asked for.
  [[nodiscard]] ConfusionMatrix take_confusion();

  // One safetensors file, which appears whole or not at all. Rank 0 alone writes; a file that was written
  // on some ranks is loaded on any number of them. Rank 0 alone reads it.
  void save(const std::filesystem::path& file) const;
  void load(const std::filesystem::path& file);

 private:
  [[nodiscard]] PassRecord run_pass(std::int64_t number);
  void run_passes(StepReport& report);
  void run_passes_with_others(StepReport& report);
  [[nodiscard]] std::int64_t pass_after(std::int64_t number) const;
  void take(const PassRecord& record, StepReport& report);
  void agree();
  void take_up(const Safetensors& data, const std::filesystem::path& file);
  [[nodiscard]] nn::Variable loss_of(const nn::Variable& scores, const Tensor& labels) const;
  [[nodiscard]] std::string fingerprint() const;

  dist::Communicator& ranks_;
  nn::Module& net_;
  Device device_;  // where its parameters lie
  DatasetPtr data_;
  TrainOptions options_;
  Schedule schedule_;
  Optimizer optimizer_;
  Gradients gradients_;
  ConfusionMatrix confusion_;
  std::unique_ptr<MemoryPool> pool_;
  std::unique_ptr<BatchSource> batches_;
  std::unique_ptr<RecordLayout> layout_;
  std::unique_ptr<GradientExchange> exchange_;  // null: alone
};

// A checkpoint's parameters without what is its run's: those of Trainer::save, of a file of parameters by name, and of
// a bundle with kTrainedFile. FormatError for what is none of these.
inline constexpr std::string_view kTrainedFile = "training.safetensors";
[[nodiscard]] nn::NamedTensors read_parameters(const std::filesystem::path& path);

// Parameters of the names and shapes that `from` has take its values; the others, of a head with other classes say,
// keep theirs and are named. std::invalid_argument when it has none of them.
struct Initialised {
  std::int64_t taken = 0;
  std::vector<std::string> fresh = {};
};
Initialised initialise(nn::Module& net, const nn::NamedTensors& from);

// How the loss goes while the rate rises from step to step by one factor (Smith 2017, "Cyclical Learning Rates for
// Training Neural Networks"). What it leaves of the trainer is of no use.
struct RateSweep {
  float lowest = 1e-6F, highest = 1.0F;
  std::int64_t steps = 100;  // at most Trainer::total_steps()
};
struct RateCurve {
  std::vector<float> rates;
  std::vector<double> losses;
  // Means of the losses so far, each weighing 0.9 of the one after it. Where one is four times the lowest, or the loss is
  // no longer a number, the curve ends.
  std::vector<double> smoothed;
  // Where the smoothed loss first is half-way from its beginning to its lowest: noise moves that less than the steepest
  // or the lowest place. None where the lowest lies no further below the beginning than three times what the losses
  // until there change by from one to the next, on average: of losses that only scatter, one curve in 200 falls so far.
  std::optional<float> suggestion = {};
};
// A call of all ranks, on which a loss that is no number is LossNotFinite where there are several. `on_step` gives false
// to stop there. std::invalid_argument for a sweep that does not rise.
[[nodiscard]] RateCurve sweep_rates(Trainer& trainer, const RateSweep& sweep,
                                    const std::function<bool(const StepReport&)>& on_step = {});

// What a network, or anything else, makes of scans.
using Labeller = std::function<std::vector<std::int32_t>(const LabelledScan&)>;
[[nodiscard]] Labeller labeller_of(const nn::Module& net, double voxel_size,
                                   const FeatureSet& features = {});
// `on_scan` is called after each scan and gives false to stop there.
[[nodiscard]] ConfusionMatrix evaluate(const Dataset& data, const Labeller& labeller,
                                       const std::function<bool(std::int64_t)>& on_scan = {});

struct RunOptions {
  std::int64_t evaluate_every = 0;        // steps; 0: at the end alone
  std::int64_t save_every = 0;            // steps; 0: at the end alone
  std::filesystem::path checkpoint = {};  // empty: nothing is saved
  // Gives false to stop after this step, and its evaluation where one is due: the checkpoint is saved,
  // run() returns. A step is saved after on_step and on_evaluation were called for it.
  std::function<bool(const StepReport&)> on_step = {};
  std::function<void(std::int64_t step, const ConfusionMatrix&)> on_evaluation = {};
  // Gives true to finish after this step as if it were the last: it is saved, no more are taken.
  std::function<bool()> is_enough = {};
};
enum class End : std::uint8_t { finished, stopped };
// From where the trainer stands to its last step. `validation` may be null. On several ranks all of them call
// it, with the same `validation` and numbers: its scans are spread over them, on_evaluation gets all of it
// everywhere, and on_step stops all ranks where it gives false on one.
End run(Trainer& trainer, const Dataset* validation, const RunOptions& options = {});

// 1 / sqrt(share of the points) for each class, over at most `scans` scans, scaled to a mean of 1.
[[nodiscard]] std::vector<float> balanced_weights(const Dataset& data, std::int64_t scans = 20);

}  // namespace train
}  // namespace voxloom
