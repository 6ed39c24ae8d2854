#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <stdexcept>

#include "core/checked.h"
#include "core/quotient.h"
#include "train/batch_source.h"
#include "train/gradient_exchange.h"
#include "train/pass_record.h"
#include "voxloom/isa.h"
#include "voxloom/train.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kTrainerOp = "train";

void check(const TrainOptions& o, std::int64_t classes) {
  require(
      o.batch_size >= 1 && o.accumulation >= 1 && o.epochs >= 1 && o.steps >= 0 && o.warmup >= 0,
      kTrainerOp,
      "batch size, accumulation and epochs should be at least 1, steps and warmup not below 0, "
      "got {}, {}, {}, {} and {}",
      o.batch_size, o.accumulation, o.epochs, o.steps, o.warmup);
  require(std::isfinite(o.voxel_size) && o.voxel_size > 0, kTrainerOp,
          "the voxel size should be above 0, got {}", o.voxel_size);
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

// A loss over nothing is 0, and what comes of it looks like a network. Mostly the first scan tells.
void require_labels(const Dataset& data) {
  const auto is_labelled = [](std::int32_t label) { return label >= 0; };
  for (std::int64_t i = 0; i < data.size(); ++i) {
    if (std::ranges::any_of(data.get(i).labels, is_labelled)) return;
  }
  fail(kTrainerOp, "none of the {} scans has a point with a class: there is nothing to learn",
       data.size());
}

// Whatever is wrong is wrong on all ranks, before any of them waits for another.
dist::Communicator& checked(dist::Communicator& ranks, nn::Module& net, const DatasetPtr& data,
                            const TrainOptions& options) {
  dist::together(ranks, [&] {
    require(data != nullptr && data->size() >= 1, kTrainerOp, "there are no scans to train on");
    check(options, data->classes().size());
    require(ranks.size() <= options.accumulation, kTrainerOp,
            "{} ranks for {} passes of a step: a rank without a pass has nothing to do; raise the "
            "accumulation or start fewer ranks",
            ranks.size(), options.accumulation);
    require_labels(*data);
    static_cast<void>(Gradients(net, options.frozen));
  });
  return ranks;
}

// Each as soon as it is whole.
void give_gradients(nn::Pass& pass, const Gradients& gradients, GradientExchange& to) {
  std::map<const Tensor*, std::size_t> numbers;
  for (std::size_t i = 0; i < gradients.places().size(); ++i) {
    if (!gradients.is_frozen(i)) numbers.emplace(gradients.places()[i].get(), i);
  }
  pass.on_gradient([&pass, &to, numbers = std::move(numbers)](const Tensor& place) {
    const auto found = numbers.find(&place);
    if (found != numbers.end()) to.give(found->second, pass.take_gradient(place));
  });
}

}  // namespace

Trainer::Trainer(nn::Module& net, DatasetPtr data, const TrainOptions& options,
                 dist::Communicator& ranks)
    : ranks_(checked(ranks, net, data, options)),
      net_(net),
      device_(device_of(net)),
      data_(std::move(data)),
      options_(options),
      schedule_{.rate = options.rate,
                .warmup = options.warmup,
                .steps = steps_of(options, data_->size()),
                .last = options.last_rate},
      optimizer_(net, options.optimizer),
      gradients_(net, options.frozen),
      confusion_(data_->classes().size()),
      pool_(std::make_unique<MemoryPool>()),
      batches_(std::make_unique<BatchSource>(data_, options_)),
      layout_(std::make_unique<RecordLayout>()) {
  layout_->parameters = gradients_.places().size();
  layout_->classes = confusion_.classes();
  for (const nn::NamedParameter& p : net.named_parameters()) {
    if (!p.is_trained) layout_->statistics.push_back(p.value);
  }
  if (ranks_.size() == 1) return;
  agree();
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < gradients_.places().size(); ++i) {
    // What is frozen is not sent.
    shapes.push_back(gradients_.is_frozen(i) ? Shape{0} : gradients_.places()[i]->shape());
  }
  exchange_ = std::make_unique<GradientExchange>(ranks_, std::move(shapes), options_.accumulation);
}

Trainer::~Trainer() = default;

// What is different on two ranks would be trained into all of them.
void Trainer::agree() {
  std::string mine = fmt::format("{} instruction set {}", fingerprint(), current_isa());
  for (const auto& [name, tensor] : nn::parameters_of(net_)) {
    mine += fmt::format(" {} {}", name, voxloom::to_string(tensor.shape()));
  }
  const std::vector<dist::Bytes> all = dist::all_gather(ranks_, std::as_bytes(std::span(mine)));
  const auto text = [&](std::size_t rank) {
    return std::string_view(reinterpret_cast<const char*>(all[rank].data()), all[rank].size());
  };
  dist::together(ranks_, [&] {
    for (std::size_t rank = 1; rank < all.size(); ++rank) {
      require(text(rank) == text(0), kTrainerOp,
              "rank {} trains something else than rank 0: [{}], not [{}]", rank, text(rank),
              text(0));
    }
  });
  for (const nn::NamedParameter& p : net_.named_parameters()) {
    Tensor values = p.value->to(Device{}).clone();
    ranks_.broadcast({values.mutable_raw(), values.bytes()}, 0);
    *p.value = values.to(device_);
  }
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

// That this rank runs next; -1: none.
std::int64_t Trainer::pass_after(std::int64_t number) const {
  const std::int64_t passes = options_.accumulation;
  std::int64_t next = number + ranks_.size();
  if (next / passes != number / passes) next = (number / passes + 1) * passes + ranks_.rank();
  return next < total_steps() * passes ? next : -1;
}

PassRecord Trainer::run_pass(std::int64_t number) {
  const VoxelBatch batch = batches_->take(number, pass_after(number));
  const Tensor labels = batch.labels.to(device_);
  autograd::Tape tape(seed_of(options_.seed, Stream::dropout, number));
  nn::Pass pass(tape, {.checkpoint_blocks = options_.checkpoint_blocks});
  PassRecord record{.voxels = batch.x.rows(), .confusion = ConfusionMatrix(confusion_.classes())};
  if (exchange_ != nullptr) give_gradients(pass, gradients_, *exchange_);
  nn::Variable loss;
  {
    const SparseTensor x = batch.x.with_features(batch.x.features().to(device_));
    const nn::Variable scores = net_.run(x, pass).dense();
    require(scores.value().dim(1) == data_->classes().size(), kTrainerOp,
            "the network gives {} scores, the data have {} classes", scores.value().dim(1),
            data_->classes().size());
    record.confusion.add(batch.labels.span<std::int32_t>(), largest_scores(scores.value()));
    loss = loss_of(scores, labels);
  }
  record.loss = static_cast<double>(loss.value().to(Device{}).data<float>()[0]);
  if (!std::isfinite(record.loss)) {
    throw LossNotFinite(fmt::format("[train] the loss is {} in step {}: try a smaller rate",
                                    record.loss, step_count() + 1));
  }
  tape.backward(loss);
  if (exchange_ == nullptr) {
    gradients_.add(pass);
  } else {
    record.has_gradient = exchange_->end_pass();
  }
  for (const auto& place : layout_->statistics) {
    record.statistics.push_back(pass.statistic(*place));
  }
  return record;
}

void Trainer::take(const PassRecord& record, StepReport& report) {
  report.loss += record.loss;
  report.voxels += record.voxels;
  confusion_.add(record.confusion);
  nn::Pass seen;
  for (std::size_t i = 0; i < record.statistics.size(); ++i) {
    if (!record.statistics[i].defined()) continue;
    seen.note_statistic(*layout_->statistics[i], record.statistics[i]);
  }
  nn::update_statistics(net_, seen, options_.statistics_momentum);
}

void Trainer::run_passes(StepReport& report) {
  gradients_.clear();
  for (std::int64_t i = 0; i < options_.accumulation; ++i) {
    take(run_pass(step_count() * options_.accumulation + i), report);
  }
}

// Gradients are added up, and what else a pass does to the run is done, in the order of the passes.
void Trainer::run_passes_with_others(StepReport& report) {
  gradients_.clear();
  exchange_->start();
  dist::Bytes mine;
  for (std::int64_t i = ranks_.rank(); i < options_.accumulation; i += ranks_.size()) {
    append(mine, run_pass(step_count() * options_.accumulation + i), *layout_);
  }
  std::vector<Tensor> sums = exchange_->finish();
  const std::vector<dist::Bytes> all = dist::all_gather(ranks_, mine);
  std::vector<std::span<const std::byte>> left(all.begin(), all.end());
  std::vector<std::uint8_t> has_gradient(sums.size(), 0);
  for (std::int64_t i = 0; i < options_.accumulation; ++i) {
    const PassRecord record =
        take_record(left[static_cast<std::size_t>(i % ranks_.size())], *layout_);
    for (std::size_t p = 0; p < sums.size(); ++p) has_gradient[p] |= record.has_gradient[p];
    take(record, report);
  }
  for (std::size_t p = 0; p < sums.size(); ++p) {
    sums[p] = has_gradient[p] != 0 ? sums[p].to(device_) : Tensor{};
  }
  gradients_.set(std::move(sums));
}

StepReport Trainer::step() { return step(schedule_.at(step_count())); }

StepReport Trainer::step(float rate) {
  require(std::isfinite(rate) && rate >= 0.0F, kTrainerOp, "the rate should not be below 0, got {}",
          rate);
  require(!is_done(), kTrainerOp, "all {} steps are done", total_steps());
  const auto start = std::chrono::steady_clock::now();
  const PoolScope memory(*pool_);
  StepReport report{.steps = total_steps(), .rate = rate};
  if (exchange_ == nullptr) {
    run_passes(report);
  } else {
    run_passes_with_others(report);
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
