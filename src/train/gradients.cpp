#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "core/error.h"
#include "engine/choice.h"
#include "engine/updates.h"
#include "ops/arithmetic.h"
#include "voxloom/optimizer.h"

namespace voxloom::train {

Gradients::Gradients(nn::Module& module) : Gradients(module, {}) {}

Gradients::Gradients(nn::Module& module, const std::vector<std::string>& frozen) {
  std::vector<bool> is_met(frozen.size(), false);
  std::set<const Tensor*> frozen_places;  // a tied weight is frozen under any of its names
  for (const nn::NamedParameter& p : module.named_parameters()) {
    if (!p.is_trained) continue;
    places_.push_back(p.value);
    for (std::size_t i = 0; i < frozen.size(); ++i) {
      if (!p.name.starts_with(frozen[i])) continue;
      is_met[i] = true;
      frozen_places.insert(p.value.get());
    }
  }
  for (const auto& place : places_) is_frozen_.push_back(frozen_places.contains(place.get()));
  for (std::size_t i = 0; i < frozen.size(); ++i) {
    require(is_met[i], "Gradients", "no parameter's name begins with '{}', to be frozen",
            frozen[i]);
  }
  require(places_.empty() || !std::ranges::all_of(is_frozen_, std::identity{}), "Gradients",
          "all parameters are frozen: there is nothing to train");
  sums_.resize(places_.size());
}

void Gradients::add(nn::Pass& pass, float factor) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Tensor gradient = pass.take_gradient(*places_[i]);
    if (!gradient.defined() || is_frozen_[i]) continue;
    const Tensor& now = sums_[i].defined() ? sums_[i] : *places_[i];
    require(gradient.size() == now.size(), "Gradients::add",
            "gradient {} is {}, expected {}: its parameter was replaced", i, gradient.shape(),
            now.shape());
    if (!sums_[i].defined() && factor == 1.0F) {
      sums_[i] = gradient.is_unique() ? std::move(gradient) : gradient.clone();
      continue;
    }
    // Added to zeros, not only multiplied: -0 becomes 0.
    if (!sums_[i].defined()) {
      sums_[i] = Tensor::zeros(places_[i]->shape(), DType::f32, gradient.device());
    }
    add_to(sums_[i], gradient, factor);
  }
}

void Gradients::set(std::vector<Tensor> sums) {
  require(sums.size() == places_.size(), "Gradients::set", "{} sums for {} parameters", sums.size(),
          places_.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    require(!sums[i].defined() || sums[i].shape() == places_[i]->shape(), "Gradients::set",
            "sum {} is {}, the parameter {}", i, sums[i], places_[i]->shape());
    // They are added to and scaled in place, which whoever shares their elements must not see.
    if (sums[i].defined() && !sums[i].is_unique()) sums[i] = sums[i].clone();
  }
  sums_ = std::move(sums);
}

double Gradients::norm() const {
  double squares = 0;
  engine::SumOfSquares problem{.tensors = {}, .sum = &squares};
  for (const Tensor& sum : sums_) {
    if (sum.defined()) problem.tensors.push_back(&sum);
  }
  engine::run(problem);
  return std::sqrt(squares);
}

double Gradients::clip(double limit) {
  require(limit > 0, "Gradients::clip", "the limit should be above 0, got {}", limit);
  const double before = norm();
  if (!(before > limit)) return before;
  const auto factor = static_cast<float>(limit / before);
  for (Tensor& sum : sums_) {
    if (sum.defined()) scale_in_place(sum, factor);
  }
  return before;
}

void Gradients::clear() { sums_.assign(places_.size(), Tensor{}); }

}  // namespace voxloom::train
