// A training step of a MinkUNet14 with 16 channels at its stem, and its parts, beside the same
// network's inference. Maps are built before: they are in none of the figures.

#include <algorithm>
#include <optional>

#include "bench/cases.h"
#include "core/random.h"
#include "voxloom/models.h"
#include "voxloom/optimizer.h"

namespace voxloom::bench {
namespace {

constexpr std::int64_t kClasses = 12;

// Everything that a step needs, as a trainer holds it.
class Training {
 public:
  explicit Training(const CoordinateSet& rows)
      : net_({.classes = kClasses, .depth = 14, .width = 0.5}),
        optimizer_(net_),
        gradients_(net_),
        x_(rows, Tensor::empty({rows.size(), nn::MinkUNetOptions{}.in_channels}, DType::f32)),
        labels_(Tensor::empty({rows.size()}, DType::i32)) {
    Random random(1);
    Tensor features = x_.features();
    for (float& value : features.mutable_span<float>()) value = random.uniform(-1.0F, 1.0F);
    for (std::int32_t& label : labels_.mutable_span<std::int32_t>()) {
      label = static_cast<std::int32_t>(random.next() % kClasses);
    }
  }

  void infer() const { static_cast<void>(net_(x_)); }
  void forward() {
    gradients_.clear();
    pass_.reset();
    tape_.emplace();
    pass_.emplace(*tape_);
    loss_ = autograd::cross_entropy(net_.run(x_, *pass_).dense(), labels_);
  }
  void backward() {
    tape_->backward(loss_);
    gradients_.add(*pass_);
  }
  void update() {
    static_cast<void>(gradients_.clip(10.0));
    optimizer_.step(gradients_, 1e-3F);
  }
  void step() {
    forward();
    backward();
    update();
  }

  [[nodiscard]] std::int64_t kept_bytes() const {
    return static_cast<std::int64_t>(tape_->saved_bytes());
  }
  void let_go() {
    loss_ = {};
    pass_.reset();
    tape_.reset();
    gradients_.clear();
  }

  // One product per layer in inference, three in a step; nobody wants the gradient of the input.
  [[nodiscard]] double flops(const CoordinateSet& rows, bool is_step) const {
    double total = 0, first = 0;
    for (const nn::LayerWork& layer : net_.work(rows)) {
      first = first == 0 ? layer.flops() : first;
      total += layer.flops();
    }
    return is_step ? 3 * total - first : total;
  }

 private:
  nn::MinkUNet net_;
  train::Optimizer optimizer_;
  train::Gradients gradients_;
  SparseTensor x_;
  Tensor labels_;
  std::optional<autograd::Tape> tape_;
  std::optional<nn::Pass> pass_;
  nn::Variable loss_;
};

}  // namespace

Case train_case(const std::shared_ptr<SceneMaps>& scene, TrainPart part) {
  const auto rows = scene->set();
  const auto training = std::make_shared<Training>(rows);
  Task task;
  task.group = "train";
  task.name = std::string(kTrainPartNames[static_cast<std::size_t>(part)]);
  task.scene = scene->name();
  task.dtype = "f32";
  task.rows_in = task.rows_out = rows.size();
  task.in_channels = nn::MinkUNetOptions{}.in_channels;
  task.out_channels = kClasses;
  training->forward();
  if (part == TrainPart::step) task.kept_bytes = training->kept_bytes();
  training->backward();  // both build maps, the second those that gradients read the other way
  training->let_go();
  switch (part) {
    case TrainPart::inference:
      task.flops = training->flops(rows, false);
      return {std::move(task), [=] { training->infer(); }};
    case TrainPart::forward:
      task.flops = training->flops(rows, false);
      return {std::move(task), [=] { training->forward(); }, [=] { training->let_go(); }};
    case TrainPart::backward:
      task.flops = training->flops(rows, true) - training->flops(rows, false);
      return {std::move(task), [=] { training->backward(); }, [=] { training->forward(); }};
    case TrainPart::update:
      return {std::move(task), [=] { training->update(); },
              [=] {
                training->forward();
                training->backward();
              }};
    case TrainPart::step: break;
  }
  task.flops = training->flops(rows, true);
  return {std::move(task), [=] { training->step(); }, [=] { training->let_go(); }};
}

}  // namespace voxloom::bench
