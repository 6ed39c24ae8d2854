#include "ops/point_arguments.h"

#include <algorithm>
#include <cmath>

#include "core/checked.h"
#include "engine/choice.h"
#include "engine/elementwise.h"
#include "ops/dense_arguments.h"

namespace voxloom {
namespace {

void require_grid(std::string_view op, const Grid& grid) {
  for (const double size : grid.voxel_size) {
    require(std::isfinite(size) && size > 0, op, "voxel_size must be finite and above 0, got {}",
            size);
  }
  for (const double origin : grid.origin) {
    require(std::isfinite(origin), op, "origin must be finite, got {}", origin);
  }
}

Tensor check_batch(std::string_view op, const Tensor& batch, std::int64_t points) {
  if (!batch.defined()) return {};
  require(batch.rank() == 1 && batch.dtype() == DType::i32 && batch.dim(0) == points, op,
          "expected a batch of shape ({}) and type int32, got {}", points, batch);
  Tensor on_host = batch.to(Device{});
  const std::span<const std::int32_t> values = on_host.span<std::int32_t>();
  const auto negative = std::ranges::find_if(values, [](std::int32_t b) { return b < 0; });
  require(negative == values.end(), op, "point {} has a negative batch", negative - values.begin());
  return on_host;
}

}  // namespace

std::span<const std::int32_t> CheckedPoints::batches() const {
  return batch.defined() ? batch.span<std::int32_t>() : std::span<const std::int32_t>{};
}

CheckedPoints check_points(std::string_view op, const Tensor& points, const Tensor& batch,
                           const Grid& grid) {
  require(
      points.defined() && points.rank() == 2 && points.dim(1) == 3 && points.dtype() == DType::f32,
      op, "expected points of shape (P,3) and type float32, got {}", points);
  require_row_count(op, points.dim(0));
  require_grid(op, grid);
  return {points, check_batch(op, batch, points.dim(0))};
}

void check_non_finite(std::string_view op, NonFinite policy, const CheckedPoints& points) {
  require(policy == NonFinite::error || policy == NonFinite::drop, op,
          "unknown non_finite number {}", static_cast<int>(policy));
  if (policy == NonFinite::drop) return;
  std::int64_t element = -1;
  engine::run(engine::FirstNotFinite{.x = &points.positions, .element = &element});
  require(element < 0, op, "point {} is not finite", element / 3);
}

}  // namespace voxloom
