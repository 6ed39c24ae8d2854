// The operations that gradients go through. Each computes what the function of the same name in
// conv.h, dense.h, pool.h, points.h or algebra.h does, with the same arguments and errors, and notes
// itself down on its operands' tape; on constants it does nothing more than that function, and symbols
// it hands to their recorder (recorder.h).
//
// `target`, where there is one, rules over the options' and gives the rows: a variable, so that a network
// that returns to an encoder's rows can be traced.
//
// Not differentiable, and therefore constants: coordinate sets, the rows that win a maximum, masks.
// Where a maximum or minimum ties, the gradient goes where the value came from.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "voxloom/algebra.h"
#include "voxloom/autograd.h"
#include "voxloom/conv.h"
#include "voxloom/dense.h"
#include "voxloom/export.h"
#include "voxloom/points.h"
#include "voxloom/pool.h"
#include "voxloom/recorder.h"

namespace VOXLOOM_API voxloom {
namespace autograd {

// What a convolution has besides its input; the bias may be undefined.
struct Parameters {
  VariableWeight weight;
  Variable bias = {};
};
[[nodiscard]] Weight weight_of(const Parameters& parameters);

[[nodiscard]] Variable conv3d(const Variable& x, const Parameters& parameters,
                              const ConvOptions& options = {}, const Variable& target = {});
[[nodiscard]] Variable subm_conv3d(const Variable& x, const Parameters& parameters,
                                   const SubmConvOptions& options = {});
[[nodiscard]] Variable conv_transpose3d(const Variable& x, const Parameters& parameters,
                                        const ConvTransposeOptions& options = {},
                                        const Variable& target = {});
[[nodiscard]] Variable generative_conv_transpose3d(
    const Variable& x, const Parameters& parameters,
    const GenerativeConvTransposeOptions& options = {}, const Variable& target = {});
[[nodiscard]] Variable inverse_conv3d(const Variable& x, const Parameters& parameters,
                                      const KernelMap& forward_map, std::int32_t groups = 1);
// Back to the rows of `reference`, the input of the forward convolution with these options; x lives on
// that convolution's rows, and has its stride.
[[nodiscard]] Variable inverse_conv3d(const Variable& x, const Parameters& parameters,
                                      const Variable& reference, const ConvOptions& forward);
[[nodiscard]] Variable conv_on_map(const Variable& x, const Parameters& parameters,
                                   const KernelMap& map, std::int32_t groups = 1);
// Dense weights only.
[[nodiscard]] Variable normalized_subm_conv3d(const Variable& x, const Parameters& parameters,
                                              const SubmConvOptions& options = {},
                                              float eps = kNormalizedEps);
[[nodiscard]] Variable normalized_conv_transpose3d(const Variable& x, const Parameters& parameters,
                                                   const ConvTransposeOptions& options = {},
                                                   float eps = kNormalizedEps,
                                                   const Variable& target = {});
[[nodiscard]] Variable normalized_generative_conv_transpose3d(
    const Variable& x, const Parameters& parameters,
    const GenerativeConvTransposeOptions& options = {}, float eps = kNormalizedEps,
    const Variable& target = {});

// x is dense (N,C) or sparse; so is the result.
[[nodiscard]] Variable linear(const Variable& x, const Parameters& parameters);

// --- joins and selections ---

[[nodiscard]] Variable binary(BinaryOp op, const Variable& lhs, const Variable& rhs,
                              const JoinOptions& options);
[[nodiscard]] Variable add(const Variable& lhs, const Variable& rhs,
                           const JoinOptions& options = {.join = Join::outer});
[[nodiscard]] Variable sub(const Variable& lhs, const Variable& rhs,
                           const JoinOptions& options = {.join = Join::outer});
[[nodiscard]] Variable mul(const Variable& lhs, const Variable& rhs,
                           const JoinOptions& options = {});
[[nodiscard]] Variable cat(std::span<const Variable> variables, Join join = Join::inner);
[[nodiscard]] Variable reindex(const Variable& x, const CoordinateSet& target, float fill = 0);
[[nodiscard]] Variable reindex(const Variable& x, const Variable& target, float fill = 0);
[[nodiscard]] Variable crop(const Variable& x, Triple lo, Triple hi);
[[nodiscard]] Variable prune(const Variable& x, std::span<const std::int32_t> rows);

[[nodiscard]] Variable scale(const Variable& x, float factor);
// Element by element; dense, of one shape.
[[nodiscard]] Variable plus(const Variable& a, const Variable& b);
// The same elements in another shape; dense.
[[nodiscard]] Variable reshape(const Variable& x, Shape shape);
// Of all elements: one element, shape (1).
[[nodiscard]] Variable sum(const Variable& x);

// --- pools and resampling ---

[[nodiscard]] Variable pool3d(const Variable& x, const PoolOptions& options = {});
[[nodiscard]] Variable max_unpool3d(const Variable& x, const Variable& pooled,
                                    const PoolOptions& options = {});
[[nodiscard]] Variable pool_transpose3d(const Variable& x, const PoolTransposeOptions& options = {},
                                        const Variable& target = {});
[[nodiscard]] Variable trilinear_upsample3d(const Variable& x, const UpsampleOptions& options = {},
                                            const Variable& target = {});
[[nodiscard]] Variable global_pool(const Variable& x, PoolMode mode);  // dense (B,C)

// --- points ---

struct PointTensors {
  Tensor points;      // (P,3)
  Tensor batch = {};  // (P) or undefined
};
[[nodiscard]] Variable voxelize(const PointTensors& where, const Variable& features,
                                const VoxelizeOptions& options = {});
// `rows` (N,4), which may repeat.
[[nodiscard]] Variable sparse_from_points(const Tensor& rows, const Variable& features,
                                          Reduction reduction,
                                          const CoordinateSetOptions& options = {});
[[nodiscard]] Variable devoxelize(const PointTensors& where, const Variable& voxels,
                                  const DevoxelizeOptions& options = {});

// --- on rows; the result is sparse when x is ---

[[nodiscard]] Variable activate(const Variable& x, Activation kind,
                                const ActivationOptions& options = {});
[[nodiscard]] Variable exp(const Variable& x);
[[nodiscard]] Variable softmax(const Variable& x);

struct Affine {
  Variable scale;      // (C)
  Variable bias = {};  // (C)
};
// With given statistics, which are constants.
struct Statistics {
  Tensor mean, variance;  // (C); the variance is divided by the number of rows
};
[[nodiscard]] Variable batch_norm(const Variable& x, const Affine& affine,
                                  const Statistics& statistics, float eps = 1e-5F);

// With the statistics of x's own rows, which are part of what is differentiated:
//   y = relu(norm(x) + residual)
struct BatchNormTail {
  Variable residual = {};  // undefined: none; lives on x's rows
  bool relu = false;
};
struct BatchNormResult {
  Variable y;
  Statistics statistics;
};
[[nodiscard]] BatchNormResult batch_norm_of_batch(const Variable& x, const Affine& affine,
                                                  const BatchNormTail& tail = {},
                                                  float eps = 1e-5F);

[[nodiscard]] Variable layer_norm(const Variable& x, const Affine& affine, float eps = 1e-5F);
// The channels of a row in `groups` equal parts, each with a mean and a variance of its own.
[[nodiscard]] Variable group_norm(const Variable& x, const Affine& affine, std::int64_t groups,
                                  float eps = 1e-5F);
[[nodiscard]] Variable rms_norm(const Variable& x, const Variable& scale, float eps = 1e-5F);
// Each channel over the rows of each batch, with a mean and a variance of its own, in inference too (Ulyanov, Vedaldi and
// Lempitsky 2016, "Instance Normalization"): y = (x - mean) / sqrt(variance + eps) * scale + bias. x is sparse, float32; a
// batch without rows is left out. A graph has no word for it: std::invalid_argument for a symbol.
[[nodiscard]] Variable instance_norm(const Variable& x, const Affine& affine, float eps = 1e-5F);

// Each element is 0 with `probability`, else divided by 1 - probability.
[[nodiscard]] Variable dropout(const Variable& x, float probability, std::uint64_t seed);

[[nodiscard]] Variable embedding_lookup(const Tensor& indices, const Variable& table);
// (B, X, Y, Z, C) over the box [lo, hi].
[[nodiscard]] Variable to_dense(const Variable& x, Triple lo, Triple hi);

// --- losses: one element ---

struct CrossEntropyOptions {
  std::int32_t ignore = -1;      // rows with this label count for nothing
  Tensor class_weights = {};     // (C) float32, or undefined: all 1
  float label_smoothing = 0.0F;  // the share of the target that is spread over all classes
  // Above 0: each row's loss times (1 - p_i(l_i))^focus, so that rows that are right already count less (Lin et al.
  // 2017, "Focal Loss for Dense Object Detection"). Not together with smoothing.
  float focus = 0.0F;
};
// The weighted mean over the rows; `scores` (N,C), `labels` (N) int32.
//   loss = sum_i [(1-s) w(l_i) (-log p_i(l_i)) + s/C sum_c w(c) (-log p_i(c))] / sum_i w(l_i)
// 0 when every row is ignored.
[[nodiscard]] Variable cross_entropy(const Variable& scores, const Tensor& labels,
                                     const CrossEntropyOptions& options = {});

// The Lovasz extension of the Jaccard loss of softmax(scores), the mean over the classes that are
// present in the labels (Berman, Rannen Triki and Blaschko 2018, "The Lovasz-Softmax loss").
[[nodiscard]] Variable lovasz_softmax(const Variable& scores, const Tensor& labels,
                                      std::int32_t ignore = -1);

// What follows compares `x` (N,C) with `targets` (N,C), float32, element by element. The loss of a row is the mean of its
// elements', the whole the weighted mean over the rows:
//   loss = sum_i w_i sum_c l(x_ic, t_ic) / (C sum_i w_i)
// `row_weights` (N) float32, none below 0, or undefined: all 1. Rows of weight 0 count for nothing, whatever their targets
// are; without a weight above 0 the loss is 0.

// l = (x - t)^2
[[nodiscard]] Variable squared_error(const Variable& x, const Tensor& targets,
                                     const Tensor& row_weights = {});
// l = (x - t)^2 / (2 beta) where |x - t| < beta, else |x - t| - beta / 2 (Girshick 2015, "Fast R-CNN", for beta 1);
// beta above 0.
[[nodiscard]] Variable smooth_l1(const Variable& x, const Tensor& targets, float beta = 1.0F,
                                 const Tensor& row_weights = {});
// Of a sigmoid s of x, and targets in [0, 1] wherever a row counts: l = -p t log s(x) - (1 - t) log(1 - s(x)), where
// p > 0, `positive`, weighs what is to be found. Worked out from x, so that no large one overflows.
[[nodiscard]] Variable binary_cross_entropy(const Variable& x, const Tensor& targets,
                                            float positive = 1.0F, const Tensor& row_weights = {});

}  // namespace autograd
}  // namespace voxloom
