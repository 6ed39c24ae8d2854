#include "voxloom/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/parallel.h"
#include "ops/dense_arguments.h"

namespace voxloom::train {
namespace {

constexpr std::string_view kOp = "Optimizer";

// Calls body(begin, end) for ranges of elements.
template <typename Body>
void for_ranges(std::int64_t count, const Body& body) {
  parallel_for(count, std::int64_t{1} << 14, body);
}

// The numbers of one step, and its loop over arrays that do not overlap.
struct AdamW {
  float keep, rate, b1, b2, first_share, second_share, eps;

  void operator()(std::int64_t count, const float* __restrict g, float* __restrict p,
                  float* __restrict m, float* __restrict v) const {
    for (std::int64_t i = 0; i < count; ++i) {
      m[i] = b1 * m[i] + (1.0F - b1) * g[i];
      v[i] = b2 * v[i] + (1.0F - b2) * g[i] * g[i];
      p[i] = keep * p[i] - rate * (m[i] / first_share) / (std::sqrt(v[i] / second_share) + eps);
    }
  }
};

struct Momentum {
  float decay, rate, momentum;

  void operator()(std::int64_t count, const float* __restrict g, float* __restrict p,
                  float* __restrict v) const {
    for (std::int64_t i = 0; i < count; ++i) {
      v[i] = momentum * v[i] + (g[i] + decay * p[i]);
      p[i] -= rate * v[i];
    }
  }
};

void check(const OptimizerOptions& o) {
  const auto is_share = [](float v) { return v >= 0.0F && v < 1.0F; };
  require(is_share(o.momentum) && is_share(o.beta1) && is_share(o.beta2), kOp,
          "momentum and betas should lie in [0, 1), got {}, {} and {}", o.momentum, o.beta1,
          o.beta2);
  require(o.eps > 0.0F && o.weight_decay >= 0.0F && std::isfinite(o.weight_decay), kOp,
          "eps should be above 0 and the weight decay not below, got {} and {}", o.eps,
          o.weight_decay);
}

}  // namespace

Optimizer::Optimizer(nn::Module& module, const OptimizerOptions& options) : options_(options) {
  check(options);
  for (const nn::NamedParameter& p : module.named_parameters()) {
    if (!p.is_trained) continue;
    require(p.value->dtype() == DType::f32, kOp, "parameter '{}' is {}, expected float32", p.name,
            voxloom::name_of(p.value->dtype()));
    *p.value = p.value->clone();
    Slot slot{
        p.name, p.value, Tensor::zeros(p.value->shape(), DType::f32), {}, p.value->rank() > 1};
    if (options.rule == Rule::adamw) slot.second = Tensor::zeros(p.value->shape(), DType::f32);
    slots_.push_back(std::move(slot));
  }
}

void Optimizer::step(const Gradients& gradients, float rate) {
  require(gradients.tensors().size() == slots_.size(), kOp, "{} gradients for {} parameters",
          gradients.tensors().size(), slots_.size());
  ++steps_;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Tensor& gradient = gradients.tensors()[i];
    Slot& slot = slots_[i];
    if (!gradient.defined()) continue;  // had no part in the loss
    require(gradient.size() == slot.place->size(), kOp, "the gradient of '{}' is {}, expected {}",
            slot.name, gradient.shape(), slot.place->shape());
    if (options_.rule == Rule::sgd) {
      step_sgd(slot, gradient, rate);
    } else {
      step_adamw(slot, gradient, rate);
    }
  }
}

void Optimizer::step_sgd(Slot& slot, const Tensor& gradient, float rate) const {
  const Momentum rule{slot.decays ? options_.weight_decay : 0.0F, rate, options_.momentum};
  const float* g = gradient.data<float>();
  float* p = slot.place->mutable_data<float>();
  float* v = slot.first.mutable_data<float>();
  for_ranges(gradient.size(), [&](std::int64_t begin, std::int64_t end) {
    rule(end - begin, g + begin, p + begin, v + begin);
  });
}

void Optimizer::step_adamw(Slot& slot, const Tensor& gradient, float rate) const {
  const double t = static_cast<double>(steps_);
  const AdamW rule{.keep = 1.0F - rate * (slot.decays ? options_.weight_decay : 0.0F),
                   .rate = rate,
                   .b1 = options_.beta1,
                   .b2 = options_.beta2,
                   .first_share = static_cast<float>(1.0 - std::pow(double{options_.beta1}, t)),
                   .second_share = static_cast<float>(1.0 - std::pow(double{options_.beta2}, t)),
                   .eps = options_.eps};
  const float* g = gradient.data<float>();
  float* p = slot.place->mutable_data<float>();
  float* m = slot.first.mutable_data<float>();
  float* v = slot.second.mutable_data<float>();
  for_ranges(gradient.size(), [&](std::int64_t begin, std::int64_t end) {
    rule(end - begin, g + begin, p + begin, m + begin, v + begin);
  });
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
            kOp, "the state has no '{}' of shape {}", name, like.shape());
    return found->second.clone();
  };
  require(steps >= 0, kOp, "the state has {} steps", steps);
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
