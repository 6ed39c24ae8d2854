// The activation functions, float32 in and out. Each is written in the form that keeps relative
// accuracy in its tails and does not overflow; NaN stays NaN.
#pragma once

#include <cmath>

namespace voxloom::cpu {

[[nodiscard]] inline float relu(float x) { return x < 0.0F ? 0.0F : x; }

[[nodiscard]] inline float leaky_relu(float x, float alpha) { return x < 0.0F ? alpha * x : x; }

[[nodiscard]] inline float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

[[nodiscard]] inline float silu(float x) { return x * sigmoid(x); }

// x/2 (1 + erf(x / sqrt 2)); erfc does not cancel where erf is near -1.
[[nodiscard]] inline float gelu(float x) {
  constexpr float kInverseSqrt2 = 0.70710678F;
  return 0.5F * x * std::erfc(-x * kInverseSqrt2);
}

// x/2 (1 + tanh(u)) = x sigmoid(2u).
[[nodiscard]] inline float gelu_tanh(float x) {
  const float u = 0.79788456F * (x + 0.044715F * x * x * x);
  return x * sigmoid(2.0F * u);
}

[[nodiscard]] inline float gelu_fast(float x) { return x * sigmoid(1.702F * x); }

// log(1 + exp(beta x)) / beta, with the exponential of a number that is never positive.
[[nodiscard]] inline float softplus(float x, float beta, float threshold) {
  const float scaled = beta * x;
  if (scaled > threshold) return x;
  const float positive = scaled < 0.0F ? 0.0F : scaled;
  return (positive + std::log1p(std::exp(-std::fabs(scaled)))) / beta;
}

}  // namespace voxloom::cpu
