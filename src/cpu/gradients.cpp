#include "engine/gradients.h"

#include <cmath>

#include "cpu/activation.h"
#include "cpu/backend.h"
#include "cpu/loops.h"

namespace voxloom::cpu {
namespace {

// phi(x) = exp(-x^2/2) / sqrt(2 pi); d/dx x Phi(x) = Phi(x) + x phi(x).
float gelu_slope(float x) {
  constexpr float kInverseSqrt2 = 0.70710678F, kInverseSqrt2Pi = 0.39894228F;
  return 0.5F * std::erfc(-x * kInverseSqrt2) + x * kInverseSqrt2Pi * std::exp(-0.5F * x * x);
}

// x sigmoid(u(x)) with u' = du.
float gated_slope(float x, float u, float du) {
  const float s = sigmoid(u);
  return s + x * s * (1.0F - s) * du;
}

float gelu_tanh_slope(float x) {
  constexpr float kScale = 2.0F * 0.79788456F, kCubic = 0.044715F;
  return gated_slope(x, kScale * (x + kCubic * x * x * x), kScale * (1.0F + 3.0F * kCubic * x * x));
}

float softplus_slope(float x, const ActivationOptions& o) {
  return o.beta * x > o.threshold ? 1.0F : sigmoid(o.beta * x);
}

template <typename Slope>
void times_slope(const engine::ActivationGradient& p, const Slope& slope) {
  zip_elements(*p.dy, *p.at, *p.dx, [&](float g, float v) { return g * slope(v); });
}

void gelu_gradient(const engine::ActivationGradient& p) {
  switch (p.options.approximate) {
    case GeluApprox::tanh: return times_slope(p, [](float v) { return gelu_tanh_slope(v); });
    case GeluApprox::fast:
      return times_slope(p, [](float v) { return gated_slope(v, 1.702F * v, 1.702F); });
    default: return times_slope(p, [](float v) { return gelu_slope(v); });
  }
}

void activation_gradient(const engine::ActivationGradient& p) {
  switch (p.kind) {
    case Activation::relu:
      return zip_elements(*p.dy, *p.at, *p.dx,
                          [](float g, float y) { return y > 0.0F ? g : 0.0F; });
    case Activation::sigmoid: return times_slope(p, [](float y) { return y * (1.0F - y); });
    case Activation::tanh: return times_slope(p, [](float y) { return 1.0F - y * y; });
    case Activation::gelu: return gelu_gradient(p);
    case Activation::silu: return times_slope(p, [](float x) { return gated_slope(x, x, 1.0F); });
    case Activation::leaky_relu:
      return times_slope(p, [a = p.options.alpha](float x) { return x < 0.0F ? a : 1.0F; });
    case Activation::softplus:
      return times_slope(p, [o = p.options](float x) { return softplus_slope(x, o); });
  }
}

void winner_gradient(const engine::WinnerGradient& p) {
  const float* a = p.lhs->data<float>();
  const float* b = p.rhs->data<float>();
  const float* g = p.dy->data<float>();
  float* to = p.dx->mutable_data<float>();
  for_ranges(p.dx->size(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const bool rhs_wins = p.is_maximum ? a[i] < b[i] : b[i] < a[i];
      to[i] = g[i] * (rhs_wins == p.of_lhs ? 0.0F : 1.0F);
    }
  });
}

void take_channels(const engine::TakeChannels& p) {
  const std::int64_t all = p.x->dim(1), count = p.y->dim(1);
  const float* from = p.x->data<float>() + p.first;
  float* to = p.y->mutable_data<float>();
  for_rows(p.y->dim(0), count,
           [&](std::int64_t row) { std::copy_n(from + row * all, count, to + row * count); });
}

}  // namespace

void CpuBackend::offer_gradients() {
  offer_trained<activation_gradient>();
  offer_trained<winner_gradient>();
  offer_trained<take_channels>();
}

}  // namespace voxloom::cpu
