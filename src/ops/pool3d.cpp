// pool3d and max_unpool3d: pooling over a forward map, and back.

#include <algorithm>

#include "core/error.h"
#include "engine/choice.h"
#include "engine/pools.h"
#include "ops/conv_maps.h"
#include "voxloom/pool.h"

namespace voxloom {
namespace {

ConvOptions geometry_of(const PoolOptions& o) {
  return {.kernel_size = o.kernel_size,
          .stride = o.stride,
          .padding = o.padding,
          .dilation = o.dilation,
          .origin = o.origin};
}

}  // namespace

SparseTensor pool3d(const SparseTensor& x, const PoolOptions& options) {
  constexpr std::string_view kOp = "pool3d";
  const KernelMap map = forward_map_for(kOp, x, geometry_of(options));
  Tensor y = Tensor::empty({map.target().size(), x.channels()}, x.dtype(), x.features().device());
  switch (options.mode) {
    case PoolMode::sum:
    case PoolMode::avg:
      engine::run(engine::PoolSum{
          .map = map, .x = &x.features(), .mean = options.mode == PoolMode::avg, .y = &y});
      return {map.target(), std::move(y), x.batch_size()};
    case PoolMode::max:
      engine::run(engine::PoolMax{.map = map, .x = &x.features(), .y = &y});
      return {map.target(), std::move(y), x.batch_size()};
  }
  fail(kOp, "unknown mode number {}", static_cast<int>(options.mode));
}

SparseTensor max_unpool3d(const SparseTensor& x, const SparseTensor& pooled,
                          const PoolOptions& options) {
  constexpr std::string_view kOp = "max_unpool3d";
  require(options.mode == PoolMode::max, kOp, "expected options of mode max, got mode number {}",
          static_cast<int>(options.mode));
  require(pooled.channels() == x.channels() && pooled.dtype() == x.dtype(), kOp,
          "expected {} pooled channels of {}, got {} of {}", x.channels(), name_of(x.dtype()),
          pooled.channels(), name_of(pooled.dtype()));
  ConvOptions geometry = geometry_of(options);
  geometry.target = pooled.coords();  // also when the caller rebuilt the pooled set
  const KernelMap map = forward_map_for(kOp, x, geometry);
  const Device device = x.features().device();
  Tensor winners = Tensor::empty({map.target().size(), x.channels()}, DType::i32, device);
  engine::run(engine::PoolMaxWinners{.map = map, .x = &x.features(), .winners = &winners});
  const KernelMap swapped = map.swapped();
  Tensor y = Tensor::empty({x.rows(), x.channels()}, x.dtype(), device);
  engine::run(engine::PoolMaxScatter{
      .swapped_map = swapped, .winners = &winners, .dy = &pooled.features(), .y = &y});
  return {x.coords(), std::move(y), std::max(x.batch_size(), pooled.batch_size())};
}

}  // namespace voxloom
