// Convolutions on sparse tensors: y[u] = bias + sum over map entries (v, u, k) of x[v] W[k].
//
// Features, weight and bias have one dtype (packed weights aside); the output has the features'
// dtype. Sums are float32, rounded once at the store. `bias` is (C_out) or undefined (Tensor{}).
// Formulas, supports and defaults: docs/semantics.md, sections 3 and 4. Misuse throws
// std::invalid_argument with the op's name, what was expected and what came.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/kernel_map.h"
#include "voxloom/sparse_tensor.h"
#include "voxloom/weight.h"

namespace VOXLOOM_API voxloom {

enum class Support : std::uint8_t { strided, reachable, submanifold };

// The rows of the output, given by the caller: nothing, a set, a tensor (its set), or an (N,4) int32
// array taken at the op's output stride.
using Target = std::variant<std::monostate, CoordinateSet, SparseTensor, Tensor>;

struct ConvOptions {
  Triple kernel_size = 3;
  Triple stride = 1;
  Triple padding = 0;
  Triple dilation = 1;
  Support support = Support::strided;
  Target target = {};  // when given, it rules over `support`
  Origin origin = Origin::centered;
  std::int32_t groups = 1;
  std::optional<Bounds> bounds = {};  // reachable only
  std::vector<Triple> offsets = {};   // generalized: rules over kernel_size and origin
};

struct SubmConvOptions {
  Triple kernel_size = 3;
  Triple dilation = 1;
  std::int32_t groups = 1;
};

struct ConvTransposeOptions {
  Triple kernel_size = 2;
  Triple stride = 2;
  Triple padding = 0;
  Triple dilation = 1;
  Target target = {};
  Origin origin = Origin::corner;
  std::int32_t groups = 1;
};

struct GenerativeConvTransposeOptions {
  Triple kernel_size = 2;
  Triple stride = 2;
  Target target = {};
  std::int32_t groups = 1;
};

[[nodiscard]] SparseTensor conv3d(const SparseTensor& x, const Weight& weight, const Tensor& bias,
                                  const ConvOptions& options = {});
[[nodiscard]] SparseTensor subm_conv3d(const SparseTensor& x, const Weight& weight,
                                       const Tensor& bias, const SubmConvOptions& options = {});
[[nodiscard]] SparseTensor conv_transpose3d(const SparseTensor& x, const Weight& weight,
                                            const Tensor& bias,
                                            const ConvTransposeOptions& options = {});
[[nodiscard]] SparseTensor generative_conv_transpose3d(
    const SparseTensor& x, const Weight& weight, const Tensor& bias,
    const GenerativeConvTransposeOptions& options = {});

// Back to the rows of the input of the forward op whose map is given. W[k] is not mirrored.
[[nodiscard]] SparseTensor inverse_conv3d(const SparseTensor& x, const Weight& weight,
                                          const Tensor& bias, const KernelMap& forward_map,
                                          std::int32_t groups = 1);

// Any map: the form the others come down to.
[[nodiscard]] SparseTensor conv_on_map(const SparseTensor& x, const Weight& weight,
                                       const Tensor& bias, const KernelMap& map,
                                       std::int32_t groups = 1);

// conv2d is conv3d with kernel (k,k,1) on coordinates whose z is 0: this helper makes the options.
[[nodiscard]] ConvOptions conv2d_options(std::int32_t kernel_size, std::int32_t stride = 1);

// conv(x,W) / sqrt(conv(1, W*W) + eps) + bias. A submanifold kernel of volume 1 is not normalized.
inline constexpr float kNormalizedEps = 1e-8F;
[[nodiscard]] SparseTensor normalized_subm_conv3d(const SparseTensor& x, const Weight& weight,
                                                  const Tensor& bias,
                                                  const SubmConvOptions& options = {},
                                                  float eps = kNormalizedEps);
[[nodiscard]] SparseTensor normalized_conv_transpose3d(const SparseTensor& x, const Weight& weight,
                                                       const Tensor& bias,
                                                       const ConvTransposeOptions& options = {},
                                                       float eps = kNormalizedEps);
[[nodiscard]] SparseTensor normalized_generative_conv_transpose3d(
    const SparseTensor& x, const Weight& weight, const Tensor& bias,
    const GenerativeConvTransposeOptions& options = {}, float eps = kNormalizedEps);

// The map that conv3d / subm_conv3d / conv_transpose3d would use, for inverse_conv3d and inspection.
[[nodiscard]] KernelMap conv3d_map(const SparseTensor& x, const ConvOptions& options = {});
[[nodiscard]] KernelMap subm_conv3d_map(const SparseTensor& x, const SubmConvOptions& options = {});
[[nodiscard]] KernelMap conv_transpose3d_map(const SparseTensor& x,
                                             const ConvTransposeOptions& options = {});

}  // namespace voxloom
