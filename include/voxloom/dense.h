// Row-wise operations on dense feature tensors: what stands between convolutions.
// x is (N,C) float32, float16 or bfloat16; vectors are (C) of the same dtype; arithmetic is float32,
// rounded once. Formulas: docs/lattice_artifact.md.
#pragma once

#include <cstdint>

#include "voxloom/export.h"
#include "voxloom/options.h"
#include "voxloom/sparse_tensor.h"
#include "voxloom/tensor.h"
#include "voxloom/weight.h"

namespace VOXLOOM_API voxloom {

// x W^T + bias; weight (C_out, C_in) or packed; bias (C_out) or undefined.
[[nodiscard]] Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias = {});

// Rows of `table` (V,C), picked by `indices` (...) int32 -> (...,C); out of range is an error.
[[nodiscard]] Tensor embedding_lookup(const Tensor& indices, const Tensor& table);

[[nodiscard]] Tensor activate(const Tensor& x, Activation kind,
                              const ActivationOptions& options = {});

[[nodiscard]] Tensor exp(const Tensor& x);
[[nodiscard]] Tensor round(const Tensor& x);    // half to even
[[nodiscard]] Tensor softmax(const Tensor& x);  // over the last axis

[[nodiscard]] Tensor batch_norm(const Tensor& x, const BatchNormParameters& parameters,
                                float eps = 1e-5F);
[[nodiscard]] Tensor layer_norm(const Tensor& x, const Tensor& scale, const Tensor& bias,
                                float eps = 1e-5F);
[[nodiscard]] Tensor rms_norm(const Tensor& x, const Tensor& scale, float eps = 1e-5F);
// The channels of a row in `groups` equal parts, each with a mean and a variance of its own (Wu and He
// 2018, with a row for an image).
[[nodiscard]] Tensor group_norm(const Tensor& x, const Tensor& scale, const Tensor& bias,
                                std::int64_t groups, float eps = 1e-5F);

// Each element is 0 with `probability`, else divided by 1 - probability (Srivastava et al. 2014). Which
// ones follows from `seed` and the element's place alone. x: any shape, float32; 0 <= probability < 1.
[[nodiscard]] Tensor dropout(const Tensor& x, float probability, std::uint64_t seed);

// --- the same on the features of a sparse tensor ---

[[nodiscard]] SparseTensor activate(const SparseTensor& x, Activation kind,
                                    const ActivationOptions& options = {});
[[nodiscard]] SparseTensor relu(const SparseTensor& x);
[[nodiscard]] SparseTensor dropout(const SparseTensor& x, float probability, std::uint64_t seed);
[[nodiscard]] SparseTensor group_norm(const SparseTensor& x, const Tensor& scale,
                                      const Tensor& bias, std::int64_t groups, float eps = 1e-5F);

}  // namespace voxloom
