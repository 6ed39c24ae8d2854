// Functions of one element. Where the result tells the slope it is kept instead of the argument: the
// next product keeps it anyway.

#include <cmath>

#include "autograd/loops.h"
#include "autograd/tape.h"
#include "cpu/activation.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

// phi(x) = exp(-x^2/2) / sqrt(2 pi); d/dx x Phi(x) = Phi(x) + x phi(x).
float gelu_slope(float x) {
  constexpr float kInverseSqrt2 = 0.70710678F, kInverseSqrt2Pi = 0.39894228F;
  return 0.5F * std::erfc(-x * kInverseSqrt2) + x * kInverseSqrt2Pi * std::exp(-0.5F * x * x);
}

// x sigmoid(u(x)) with u' = du.
float gated_slope(float x, float u, float du) {
  const float s = cpu::sigmoid(u);
  return s + x * s * (1.0F - s) * du;
}

float gelu_tanh_slope(float x) {
  constexpr float kScale = 2.0F * 0.79788456F, kCubic = 0.044715F;
  return gated_slope(x, kScale * (x + kCubic * x * x * x), kScale * (1.0F + 3.0F * kCubic * x * x));
}

float softplus_slope(float x, const ActivationOptions& o) {
  return o.beta * x > o.threshold ? 1.0F : cpu::sigmoid(o.beta * x);
}

template <typename Slope>
GradientFunction times_slope(const Tensor& at, const Slope& slope) {
  return [at, slope](Tensor dy, GradientSink& to) {
    to.add(0, zip(std::move(dy), at, [&](float g, float v) { return g * slope(v); }));
  };
}

GradientFunction gelu_gradient(const Tensor& x, GeluApprox approximate) {
  switch (approximate) {
    case GeluApprox::tanh: return times_slope(x, [](float v) { return gelu_tanh_slope(v); });
    case GeluApprox::fast:
      return times_slope(x, [](float v) { return gated_slope(v, 1.702F * v, 1.702F); });
    default: return times_slope(x, [](float v) { return gelu_slope(v); });
  }
}

bool reads_result(Activation kind) {
  return kind == Activation::relu || kind == Activation::sigmoid || kind == Activation::tanh;
}

GradientFunction gradient_of(Activation kind, const ActivationOptions& options, const Tensor& at) {
  switch (kind) {
    // Chosen, not multiplied: dy may be infinite where nothing flows.
    case Activation::relu:
      return [at](Tensor dy, GradientSink& to) {
        to.add(0, zip(std::move(dy), at, [](float g, float y) { return y > 0.0F ? g : 0.0F; }));
      };
    case Activation::sigmoid: return times_slope(at, [](float y) { return y * (1.0F - y); });
    case Activation::tanh: return times_slope(at, [](float y) { return 1.0F - y * y; });
    case Activation::gelu: return gelu_gradient(at, options.approximate);
    case Activation::silu: return times_slope(at, [](float x) { return gated_slope(x, x, 1.0F); });
    case Activation::leaky_relu:
      return times_slope(at, [a = options.alpha](float x) { return x < 0.0F ? a : 1.0F; });
    case Activation::softplus:
      return times_slope(at, [options](float x) { return softplus_slope(x, options); });
  }
  return {};
}

}  // namespace

Variable activate(const Variable& x, Activation kind, const ActivationOptions& options) {
  const Tensor y = voxloom::activate(x.value(), kind, options);
  const Tensor& at = reads_result(kind) ? y : x.value();
  return record(Operation::activate, like(x, y), {&x}, {at}, gradient_of(kind, options, at));
}

Variable exp(const Variable& x) {
  const Tensor y = voxloom::exp(x.value());
  return record(Operation::exp, like(x, y), {&x}, {y}, times_slope(y, [](float v) { return v; }));
}

}  // namespace voxloom::autograd
