// Row-wise operations on dense feature tensors: what stands between convolutions.
// x is (N,C) float32, float16 or bfloat16; vectors are (C) of the same dtype; arithmetic is float32,
// rounded once. Formulas: lattice_artifact.md.
#pragma once

#include <cstdint>

#include "voxloom/tensor.h"
#include "voxloom/weight.h"

namespace voxloom {

// x W^T + bias; weight (C_out, C_in) or packed; bias (C_out) or undefined.
[[nodiscard]] Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias = {});

// Rows of `table` (V,C), picked by `indices` (...) int32 -> (...,C); out of range is an error.
[[nodiscard]] Tensor embedding_lookup(const Tensor& indices, const Tensor& table);

enum class Activation : std::uint8_t { relu, sigmoid, gelu, silu, leaky_relu, tanh, softplus };
enum class GeluApprox : std::uint8_t { none, precise, tanh, fast };
struct ActivationOptions {
  GeluApprox approximate = GeluApprox::none;
  float alpha = 0.01F;      // leaky_relu's slope
  float beta = 1.0F;        // softplus
  float threshold = 20.0F;  // softplus
};
[[nodiscard]] Tensor activate(const Tensor& x, Activation kind,
                              const ActivationOptions& options = {});

[[nodiscard]] Tensor exp(const Tensor& x);
[[nodiscard]] Tensor round(const Tensor& x);    // half to even
[[nodiscard]] Tensor softmax(const Tensor& x);  // over the last axis

struct BatchNormParameters {
  Tensor scale, bias, mean, variance;
};
[[nodiscard]] Tensor batch_norm(const Tensor& x, const BatchNormParameters& parameters,
                                float eps = 1e-5F);
[[nodiscard]] Tensor layer_norm(const Tensor& x, const Tensor& scale, const Tensor& bias,
                                float eps = 1e-5F);
[[nodiscard]] Tensor rms_norm(const Tensor& x, const Tensor& scale, float eps = 1e-5F);

}  // namespace voxloom
