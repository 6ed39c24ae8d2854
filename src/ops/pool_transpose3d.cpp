// pool_transpose3d and trilinear_upsample3d: means over a transposed map.

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <vector>

#include "coords/kernel_geometry.h"
#include "core/checked.h"
#include "engine/choice.h"
#include "engine/pools.h"
#include "ops/conv_maps.h"
#include "ops/pool_weights.h"
#include "ops/target.h"
#include "voxloom/pool.h"

namespace voxloom {
namespace {

SparseTensor mean_on_transposed_map(std::string_view op, const SparseTensor& x,
                                    const ConvTransposeOptions& geometry,
                                    std::span<const float> offset_weights) {
  const KernelMap map = transposed_map_for(op, x, geometry);
  Tensor y = Tensor::empty({map.target().size(), x.channels()}, x.dtype(), x.features().device());
  engine::run(engine::PoolSum{
      .map = map, .x = &x.features(), .offset_weights = offset_weights, .mean = true, .y = &y});
  return {map.target(), std::move(y), std::max(x.batch_size(), target_batch_size(geometry.target))};
}

// s - |o - (s-1)| for o = 0 .. 2s-2: the axis weight times s.
std::int64_t hat(std::int64_t offset, std::int64_t s) { return s - std::abs(offset - (s - 1)); }

}  // namespace

// Only ratios of weights matter, so each stands as a whole number (below 2^24, exact in float32)
// over one power of two, which keeps their sum at most 1: no rounding, no overflow.
std::vector<float> trilinear_weights(const Triple& s) {
  const auto cells = static_cast<std::uint64_t>(std::int64_t{s.x} * s.y * s.z);
  const auto scale = 1.0F / static_cast<float>(std::bit_ceil(cells));
  std::vector<float> weights;
  for (std::int64_t x = 0; x < 2 * s.x - 1; ++x) {
    for (std::int64_t y = 0; y < 2 * s.y - 1; ++y) {
      for (std::int64_t z = 0; z < 2 * s.z - 1; ++z) {
        weights.push_back(static_cast<float>(hat(x, s.x) * hat(y, s.y) * hat(z, s.z)) * scale);
      }
    }
  }
  return weights;
}

ConvTransposeOptions trilinear_geometry(std::string_view op, const UpsampleOptions& options) {
  const Triple& s = options.stride;
  const auto size = [&](std::int32_t stride) {
    const std::int64_t cells = 2 * std::int64_t{stride} - 1;
    require(stride >= 1 && fits_int32(cells), op, "stride must be from 1 to 2^30, got {}", s);
    return static_cast<std::int32_t>(cells);
  };
  return {.kernel_size = {size(s.x), size(s.y), size(s.z)},
          .stride = s,
          .padding = {s.x - 1, s.y - 1, s.z - 1},
          .target = options.target};
}

SparseTensor pool_transpose3d(const SparseTensor& x, const PoolTransposeOptions& options) {
  return mean_on_transposed_map("pool_transpose3d", x,
                                {.kernel_size = options.kernel_size,
                                 .stride = options.stride,
                                 .padding = options.padding,
                                 .dilation = options.dilation,
                                 .target = options.target},
                                {});
}

SparseTensor trilinear_upsample3d(const SparseTensor& x, const UpsampleOptions& options) {
  constexpr std::string_view kOp = "trilinear_upsample3d";
  const ConvTransposeOptions geometry = trilinear_geometry(kOp, options);
  // Before the weights are listed: bounds their number.
  check_kernel(kOp, kernel_of(geometry));
  return mean_on_transposed_map(kOp, x, geometry, trilinear_weights(options.stride));
}

}  // namespace voxloom
