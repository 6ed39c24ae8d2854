#include "voxloom/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "engine/choice.h"
#include "engine/updates.h"
#include "ops/dense_arguments.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kOptimizerOp = "Optimizer";

Tensor zeros_like(const Tensor& x) { return Tensor::zeros(x.shape(), DType::f32, x.device()); }

void check(const OptimizerOptions& o) {
  const auto is_share = [](float v) { return v >= 0.0F && v < 1.0F; };
  require(is_share(o.momentum) && is_share(o.beta1) && is_share(o.beta2), kOptimizerOp,
          "momentum and betas should lie in [0, 1), got {}, {} and {}", o.momentum, o.beta1,
          o.beta2);
  require(o.eps > 0.0F && o.weight_decay >= 0.0F && std::isfinite(o.weight_decay), kOptimizerOp,
          "eps should be above 0 and the weight decay not below, got {} and {}", o.eps,
          o.weight_decay);
}

// Moments are written in place, but for those that state() handed out.
void keep_to_itself(Tensor& moment) {
  if (moment.defined() && !moment.is_unique()) moment = moment.clone();
}

}  // namespace

Optimizer::Optimizer(nn::Module& module, const OptimizerOptions& options) : options_(options) {
  check(options);
  for (const nn::NamedParameter& p : module.named_parameters()) {
    if (!p.is_trained) continue;
    require(p.value->dtype() == DType::f32, kOptimizerOp, "parameter '{}' is {}, expected float32",
            p.name, voxloom::name_of(p.value->dtype()));
    *p.value = p.value->clone();
    Slot slot{p.name, p.value, zeros_like(*p.value), {}, p.value->rank() > 1};
    if (options.rule == Rule::adamw) slot.second = zeros_like(*p.value);
    slots_.push_back(std::move(slot));
  }
}

void Optimizer::step(const Gradients& gradients, float rate) {
  require(gradients.tensors().size() == slots_.size(), kOptimizerOp,
          "{} gradients for {} parameters", gradients.tensors().size(), slots_.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {  // before anything is changed
    const Tensor& gradient = gradients.tensors()[i];
    require(!gradient.defined() || gradient.size() == slots_[i].place->size(), kOptimizerOp,
            "the gradient of '{}' is {}, expected {}", slots_[i].name, gradient.shape(),
            slots_[i].place->shape());
  }
  ++steps_;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Tensor& gradient = gradients.tensors()[i];
    Slot& slot = slots_[i];
    if (!gradient.defined()) continue;  // had no part in the loss
    if (slot.place->buffer().is_borrowed) *slot.place = slot.place->clone();
    keep_to_itself(slot.first);
    keep_to_itself(slot.second);
    if (options_.rule == Rule::sgd) {
      step_sgd(slot, gradient, rate);
    } else {
      step_adamw(slot, gradient, rate);
    }
  }
}

void Optimizer::step_sgd(Slot& slot, const Tensor& gradient, float rate) const {
  engine::run(engine::Momentum{.gradient = &gradient,
                               .parameter = slot.place.get(),
                               .velocity = &slot.first,
                               .decay = slot.decays ? options_.weight_decay : 0.0F,
                               .rate = rate,
                               .momentum = options_.momentum});
}

void Optimizer::step_adamw(Slot& slot, const Tensor& gradient, float rate) const {
  const auto steps = static_cast<double>(steps_);
  const auto share = [&](float beta) {
    return static_cast<float>(1.0 - std::pow(double{beta}, steps));
  };
  engine::run(engine::AdamW{.gradient = &gradient,
                            .parameter = slot.place.get(),
                            .first = &slot.first,
                            .second = &slot.second,
                            .keep = 1.0F - rate * (slot.decays ? options_.weight_decay : 0.0F),
                            .rate = rate,
                            .b1 = options_.beta1,
                            .b2 = options_.beta2,
                            .first_share = share(options_.beta1),
                            .second_share = share(options_.beta2),
                            .eps = options_.eps});
}

nn::NamedTensors Optimizer::state() const {
  nn::NamedTensors state;
  for (const Slot& slot : slots_) {
    state.emplace("first." + slot.name, slot.first);
    if (slot.second.defined()) state.emplace("second." + slot.name, slot.second);
  }
  return state;
}

void Optimizer::load_state(const nn::NamedTensors& state, std::int64_t steps) {
  const auto find = [&](const std::string& name, const Tensor& like) {
    const auto found = state.find(name);
    require(found != state.end() && found->second.shape() == like.shape() &&
                found->second.dtype() == DType::f32,
            kOptimizerOp, "the state has no '{}' of shape {}", name, like.shape());
    Tensor values = found->second.to(like.device());
    return values.is_unique() ? values : values.clone();
  };
  require(steps >= 0, kOptimizerOp, "the state has {} steps", steps);
  std::vector<Slot> loaded = slots_;
  for (Slot& slot : loaded) {
    slot.first = find("first." + slot.name, slot.first);
    if (slot.second.defined()) slot.second = find("second." + slot.name, slot.second);
  }
  slots_ = std::move(loaded);
  steps_ = steps;
}

float Schedule::at(std::int64_t step) const {
  if (step < warmup) return rate * static_cast<float>(step + 1) / static_cast<float>(warmup + 1);
  const std::int64_t length = std::max<std::int64_t>(1, steps - warmup);
  const double part =
      std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(length));
  const double share =
      double{last} + (1.0 - double{last}) * 0.5 * (1.0 + std::cos(std::numbers::pi * part));
  return static_cast<float>(double{rate} * share);
}

}  // namespace voxloom::train
