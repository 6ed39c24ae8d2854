#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "core/error.h"
#include "voxloom/optimizer.h"

namespace voxloom::train {
namespace {

// Eight sums side by side, so that none waits for another.
double sum_of_squares(std::span<const float> values) {
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> sums{};
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const auto v = static_cast<double>(values.data()[i + lane]);
      sums.data()[lane] += v * v;
    }
  }
  for (std::size_t i = whole; i < values.size(); ++i) {
    sums[i - whole] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace

Gradients::Gradients(nn::Module& module) {
  for (const nn::NamedParameter& p : module.named_parameters()) {
    if (p.is_trained) places_.push_back(p.value);
  }
  sums_.resize(places_.size());
}

void Gradients::add(nn::Pass& pass, float factor) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Tensor gradient = pass.take_gradient(*places_[i]);
    if (!gradient.defined()) continue;
    if (!sums_[i].defined() && factor == 1.0F && gradient.is_unique()) {
      sums_[i] = std::move(gradient);
      continue;
    }
    if (!sums_[i].defined()) sums_[i] = Tensor::zeros(places_[i]->shape(), DType::f32);
    const auto from = gradient.span<float>();
    const auto to = sums_[i].mutable_span<float>();
    for (std::size_t e = 0; e < to.size(); ++e) to[e] += factor * from[e];
  }
}

double Gradients::norm() const {
  double squares = 0;
  for (const Tensor& sum : sums_) {
    if (sum.defined()) squares += sum_of_squares(sum.span<float>());
  }
  return std::sqrt(squares);
}

double Gradients::clip(double limit) {
  require(limit > 0, "Gradients::clip", "the limit should be above 0, got {}", limit);
  const double before = norm();
  if (!(before > limit)) return before;
  const auto factor = static_cast<float>(limit / before);
  for (Tensor& sum : sums_) {
    if (!sum.defined()) continue;
    for (float& v : sum.mutable_span<float>()) v *= factor;
  }
  return before;
}

void Gradients::clear() { sums_.assign(places_.size(), Tensor{}); }

}  // namespace voxloom::train
