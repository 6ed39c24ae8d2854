#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "core/checked.h"
#include "core/quotient.h"
#include "core/random.h"
#include "voxloom/train.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kTrainerOp = "train";

// What a seed is used for; each use draws from a stream of its own.
enum class Stream : std::uint64_t { order = 1, variant = 2, dropout = 3 };

std::uint64_t seed_of(std::uint64_t seed, Stream stream, std::int64_t number) {
  const std::uint64_t own = Random(seed + static_cast<std::uint64_t>(stream)).next();
  return Random::at(own, static_cast<std::uint64_t>(number)).next();
}

// Fisher and Yates.
std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Random random(seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.next() % i]);
  return order;
}

void check(const TrainOptions& o, std::int64_t classes) {
  require(
      o.batch_size >= 1 && o.accumulation >= 1 && o.epochs >= 1 && o.steps >= 0 && o.warmup >= 0,
      kTrainerOp,
      "batch size, accumulation and epochs should be at least 1, steps and warmup not below 0, "
      "got {}, {}, {}, {} and {}",
      o.batch_size, o.accumulation, o.epochs, o.steps, o.warmup);
  require(std::isfinite(o.rate) && o.rate >= 0.0F && o.last_rate >= 0.0F && o.last_rate <= 1.0F,
          kTrainerOp,
          "the rate should not be below 0 and its last share lie in [0, 1], got {} and {}", o.rate,
          o.last_rate);
  require(o.clip >= 0 && o.cross_entropy >= 0.0F && o.lovasz >= 0.0F &&
              o.cross_entropy + o.lovasz > 0.0F,
          kTrainerOp, "clip and the losses' shares should not be below 0, got {}, {} and {}",
          o.clip, o.cross_entropy, o.lovasz);
  require(o.label_smoothing >= 0.0F && o.label_smoothing <= 1.0F && std::isfinite(o.focus) &&
              o.focus >= 0.0F,
          kTrainerOp,
          "label smoothing should lie in [0, 1] and the focus not be below 0, got {} and {}",
          o.label_smoothing, o.focus);
  require(o.focus == 0.0F || o.label_smoothing == 0.0F, kTrainerOp,
          "a focus of {} and label smoothing of {} do not go together", o.focus, o.label_smoothing);
  require(o.statistics_momentum > 0.0F && o.statistics_momentum <= 1.0F, kTrainerOp,
          "the statistics' momentum should lie in (0, 1], got {}", o.statistics_momentum);
  require(o.class_weights.empty() || static_cast<std::int64_t>(o.class_weights.size()) == classes,
          kTrainerOp, "{} class weights for {} classes", o.class_weights.size(), classes);
}

std::int64_t steps_of(const TrainOptions& o, std::int64_t scans) {
  if (o.steps > 0) return o.steps;
  const std::int64_t per_step = checked_mul(kTrainerOp, o.batch_size, o.accumulation);
  return ceil_div(checked_mul(kTrainerOp, scans, o.epochs), per_step);
}

// Of the parameters; batches go there.
Device device_of(nn::Module& net) {
  const std::vector<nn::NamedParameter> parameters = net.named_parameters();
  return parameters.empty() ? Device{} : parameters.front().value->device();
}

const Dataset& checked(const DatasetPtr& data) {
  require(data != nullptr && data->size() >= 1, kTrainerOp, "there are no scans to train on");
  return *data;
}

// A loss over nothing is 0, and what comes of it looks like a network. Mostly the first scan tells.
void require_labels(const Dataset& data) {
  const auto is_labelled = [](std::int32_t label) { return label >= 0; };
  for (std::int64_t i = 0; i < data.size(); ++i) {
    if (std::ranges::any_of(data.get(i).labels, is_labelled)) return;
  }
  fail(kTrainerOp, "none of the {} scans has a point with a class: there is nothing to learn",
       data.size());
}

}  // namespace

Trainer::Trainer(nn::Module& net, DatasetPtr data, const TrainOptions& options)
    : net_(net),
      device_(device_of(net)),
      data_(std::move(data)),
      options_(options),
      schedule_{.rate = options.rate,
                .warmup = options.warmup,
                .steps = steps_of(options, checked(data_).size()),
                .last = options.last_rate},
      optimizer_(net, options.optimizer),
      gradients_(net, options.frozen),
      confusion_(data_->classes().size()),
      pool_(std::make_unique<MemoryPool>()) {
  check(options_, data_->classes().size());
  require_labels(*data_);
}

std::int64_t Trainer::index_of(std::int64_t sample) {
  const std::int64_t epoch = sample / data_->size();
  if (epoch != epoch_) {
    order_ = shuffled(data_->size(), seed_of(options_.seed, Stream::order, epoch));
    epoch_ = epoch;
  }
  return order_[static_cast<std::size_t>(sample % data_->size())];
}

std::vector<LabelledScan> Trainer::scans_of_pass(std::int64_t number) {
  std::vector<LabelledScan> scans;
  for (std::int64_t i = 0; i < options_.batch_size; ++i) {
    const std::int64_t sample = number * options_.batch_size + i;
    scans.push_back(data_->get(index_of(sample), seed_of(options_.seed, Stream::variant, sample)));
  }
  return scans;
}

nn::Variable Trainer::loss_of(const nn::Variable& scores, const Tensor& labels) const {
  autograd::CrossEntropyOptions entropy{
      .ignore = kIgnoreLabel, .label_smoothing = options_.label_smoothing, .focus = options_.focus};
  if (!options_.class_weights.empty()) {
    entropy.class_weights = Tensor::from(
        options_.class_weights, {static_cast<std::int64_t>(options_.class_weights.size())});
  }
  nn::Variable loss =
      autograd::scale(autograd::cross_entropy(scores, labels, entropy), options_.cross_entropy);
  if (options_.lovasz > 0.0F) {
    const nn::Variable other = autograd::lovasz_softmax(scores, labels, kIgnoreLabel);
    loss = autograd::plus(loss, autograd::scale(other, options_.lovasz));
  }
  return autograd::scale(loss, 1.0F / static_cast<float>(options_.accumulation));
}

Trainer::PassResult Trainer::run_pass(std::int64_t number) {
  const VoxelBatch batch =
      make_batch(scans_of_pass(number), options_.voxel_size, options_.features);
  const Tensor labels = batch.labels.to(device_);
  autograd::Tape tape(seed_of(options_.seed, Stream::dropout, number));
  nn::Pass pass(tape, {.checkpoint_blocks = options_.checkpoint_blocks});
  nn::Variable loss;
  {
    const SparseTensor x = batch.x.with_features(batch.x.features().to(device_));
    const nn::Variable scores = net_.run(x, pass).dense();
    require(scores.value().dim(1) == data_->classes().size(), kTrainerOp,
            "the network gives {} scores, the data have {} classes", scores.value().dim(1),
            data_->classes().size());
    confusion_.add(batch.labels.span<std::int32_t>(), largest_scores(scores.value()));
    loss = loss_of(scores, labels);
  }
  const auto value = static_cast<double>(loss.value().to(Device{}).data<float>()[0]);
  if (!std::isfinite(value)) {
    throw std::runtime_error(
        fmt::format("[train] the loss is {} in step {}: try a smaller rate", value, step_count()));
  }
  tape.backward(loss);
  gradients_.add(pass);
  nn::update_statistics(net_, pass, options_.statistics_momentum);
  return {value, batch.x.rows()};
}

StepReport Trainer::step() {
  require(!is_done(), kTrainerOp, "all {} steps are done", total_steps());
  const auto start = std::chrono::steady_clock::now();
  const PoolScope memory(*pool_);
  StepReport report{.steps = total_steps(), .rate = schedule_.at(step_count())};
  gradients_.clear();
  for (std::int64_t i = 0; i < options_.accumulation; ++i) {
    const PassResult pass = run_pass(step_count() * options_.accumulation + i);
    report.loss += pass.loss;
    report.voxels += pass.voxels;
  }
  report.gradient_norm = options_.clip > 0 ? gradients_.clip(options_.clip) : gradients_.norm();
  optimizer_.step(gradients_, report.rate);
  report.step = step_count();
  report.epoch = static_cast<double>(report.step * options_.batch_size * options_.accumulation) /
                 static_cast<double>(data_->size());
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

ConfusionMatrix Trainer::take_confusion() {
  return std::exchange(confusion_, ConfusionMatrix(data_->classes().size()));
}

}  // namespace voxloom::train
