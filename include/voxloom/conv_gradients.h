// The gradients of a convolution, over the map of its forward product (docs/semantics.md, section 6):
//
//   dx[v] = sum over the entries (v, u, k) of dy[u] W[k]^T      conv_input_gradient
//   dW[k] = sum over the entries (v, u, k) of x[v]^T dy[u]      conv_weight_gradient
//   db    = sum over the rows of dy                             conv_bias_gradient
//
// For the transposed family and inverse_conv3d the map is the one that op ran on (swapped, for
// inverse_conv3d). Sums are float32 or better and rounded once; results do not depend on the number
// of threads. Misuse throws std::invalid_argument with the op's name.
#pragma once

#include <cstdint>
#include <optional>

#include "voxloom/export.h"
#include "voxloom/kernel_map.h"
#include "voxloom/tensor.h"
#include "voxloom/weight.h"

namespace VOXLOOM_API voxloom {

// dy: (N_out, C_out), a row for each of the map's target rows; weight: as for the forward op.
// Gives (N_in, C_in) of dy's dtype.
[[nodiscard]] Tensor conv_input_gradient(const Tensor& dy, const Weight& weight,
                                         const KernelMap& map, std::int32_t groups = 1);

// The layouts of weight.h. G groups, K kernel volume.
enum class WeightLayout : std::uint8_t {
  grouped,       // (K, G, C_in/G, C_out/G)
  kernel_major,  // (K, C_in, C_out), groups = 1
  output_major,  // (C_out, Kx, Ky, Kz, C_in/G); the kernel is a box
  depthwise,     // (K, C), groups = C_in = C_out
  pointwise      // (C_out, C_in), kernel volume 1, groups = 1
};

struct ConvWeightGradientOptions {
  std::int32_t groups = 1;
  WeightLayout layout = WeightLayout::grouped;
  std::optional<DType> dtype = {};  // of the result: that of x, unless float32 is asked for
};

// x: (N_in, C_in), dy: (N_out, C_out), of one dtype.
[[nodiscard]] Tensor conv_weight_gradient(const Tensor& x, const Tensor& dy, const KernelMap& map,
                                          const ConvWeightGradientOptions& options = {});

// dy: (N, C). Gives (C) of dy's dtype.
[[nodiscard]] Tensor conv_bias_gradient(const Tensor& dy);

// The same for linear and for kernel 1 with stride 1, in which each row meets itself and no map is
// made: weight (C_out, C_in), or any layout of a kernel of volume 1.
[[nodiscard]] Tensor linear_input_gradient(const Tensor& dy, const Weight& weight);
[[nodiscard]] Tensor linear_weight_gradient(const Tensor& x, const Tensor& dy,
                                            WeightLayout layout = WeightLayout::pointwise);

}  // namespace voxloom
