// Pools and resampling. Sums and means go back over the swapped map; a maximum goes back to the row
// it came from.

#include "engine/pools.h"

#include <algorithm>

#include "autograd/loops.h"
#include "autograd/tape.h"
#include "engine/choice.h"
#include "engine/segments.h"
#include "ops/conv_maps.h"
#include "ops/pool_weights.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

// A weighted sum over a map, or the mean: y[u] = sum w_k x[v] / sum w_k.
struct MapSum {
  KernelMap map;
  std::vector<float> offset_weights;  // empty: all 1
  bool mean = false;

  [[nodiscard]] Tensor operator()(const KernelMap& over, const Tensor& x) const {
    Tensor y = Tensor::empty({over.target().size(), x.dim(1)}, DType::f32);
    engine::run(engine::PoolSum{.map = over, .x = &x, .offset_weights = offset_weights, .y = &y});
    return y;
  }

  // dy divided by the weight that was present.
  [[nodiscard]] Tensor spread(const Tensor& dy) const {
    if (!mean) return dy;
    const Tensor present = (*this)(map, Tensor::full({map.source().size(), 1}, DType::f32, 1.0F));
    const std::int64_t channels = dy.dim(1);
    Tensor result = Tensor::empty(dy.shape(), DType::f32);
    const float* weights = present.data<float>();
    const float* from = dy.data<float>();
    float* to = result.mutable_data<float>();
    for_rows(dy.dim(0), channels, [&](std::int64_t row) {
      const float divisor = weights[row] > 0.0F ? weights[row] : 1.0F;
      for (std::int64_t i = row * channels; i < (row + 1) * channels; ++i) {
        to[i] = from[i] / divisor;
      }
    });
    return result;
  }

  [[nodiscard]] Tensor gradient(const Tensor& dy) const {
    return (*this)(map.swapped(), spread(dy));
  }
};

Variable record_sum(Operation operation, const SparseTensor& y, const Variable& x, MapSum sum) {
  const auto gradient = [sum = std::move(sum)](const Tensor& dy, GradientSink& to) {
    to.add(0, sum.gradient(dy));
  };
  return record(operation, Variable(y), {&x}, {}, gradient);
}

Tensor winners_of(const KernelMap& map, const Tensor& x) {
  Tensor winners = Tensor::empty({map.target().size(), x.dim(1)}, DType::i32, x.device());
  engine::run(engine::PoolMaxWinners{.map = map, .x = &x, .winners = &winners});
  return winners;
}

// dy at the winners' rows: what max pooling's gradient is.
Tensor scatter_to_winners(const KernelMap& map, const Tensor& x, const Tensor& dy) {
  const Tensor winners = winners_of(map, x);
  const KernelMap swapped = map.swapped();
  Tensor dx = Tensor::empty(x.shape(), DType::f32);
  engine::run(
      engine::PoolMaxScatter{.swapped_map = swapped, .winners = &winners, .dy = &dy, .y = &dx});
  return dx;
}

// And the other way: each winner's row read at the element it won.
Tensor gather_from_winners(const KernelMap& map, const Tensor& x, const Tensor& dy) {
  const Tensor winners = winners_of(map, x);
  Tensor result = Tensor::empty(winners.shape(), DType::f32);
  const auto* rows = winners.data<std::int32_t>();
  const float* from = dy.data<float>();
  float* to = result.mutable_data<float>();
  const std::int64_t channels = x.dim(1);
  for_rows(winners.dim(0), channels, [&](std::int64_t row) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t i = row * channels + c;
      to[i] = rows[i] < 0 ? 0.0F : from[rows[i] * channels + c];
    }
  });
  return result;
}

KernelMap pool_map(const Variable& x, const CoordinateSet& pooled, const PoolOptions& o) {
  return forward_map(x.coords(), pooled,
                     {.kernel_size = o.kernel_size,
                      .stride = o.stride,
                      .padding = o.padding,
                      .dilation = o.dilation});
}

std::vector<std::int32_t> batch_of_rows(const CoordinateSet& set) {
  std::vector<std::int32_t> batches;
  batches.reserve(set.rows().size());
  for (const Coordinate& c : set.rows()) batches.push_back(c.batch);
  return batches;
}

Tensor global_max_gradient(const Tensor& x, const Segments& batches, const Tensor& dy) {
  Tensor winners = Tensor::empty({batches.count(), x.dim(1)}, DType::i32, x.device());
  engine::run(engine::SegmentMaxWinners{.segments = &batches, .x = &x, .winners = &winners});
  Tensor dx = Tensor::zeros(x.shape(), DType::f32);
  const std::int64_t channels = x.dim(1);
  for (std::int64_t i = 0; i < winners.size(); ++i) {
    const std::int32_t row = winners.data<std::int32_t>()[i];
    dx.mutable_data<float>()[row * channels + i % channels] = dy.data<float>()[i];
  }
  return dx;
}

Tensor spread_over_batches(const std::vector<std::int32_t>& batch_of_row, const Segments& batches,
                           bool mean, const Tensor& dy) {
  const std::int64_t channels = dy.dim(1);
  Tensor dx = Tensor::empty({static_cast<std::int64_t>(batch_of_row.size()), channels}, DType::f32);
  float* to = dx.mutable_data<float>();
  for_rows(dx.dim(0), channels, [&](std::int64_t row) {
    const std::int32_t batch = batch_of_row[static_cast<std::size_t>(row)];
    const float divisor = mean ? static_cast<float>(batches[batch].size()) : 1.0F;
    const float* from = dy.data<float>() + batch * channels;
    for (std::int64_t c = 0; c < channels; ++c) to[row * channels + c] = from[c] / divisor;
  });
  return dx;
}

}  // namespace

Variable pool3d(const Variable& x, const PoolOptions& options) {
  const SparseTensor y = voxloom::pool3d(x.tensor(), options);
  const KernelMap map = pool_map(x, y.coords(), options);
  if (options.mode != PoolMode::max) {
    return record_sum(Operation::pool3d, y, x,
                      {.map = map, .offset_weights = {}, .mean = options.mode == PoolMode::avg});
  }
  const auto gradient = [map, value = x.value()](const Tensor& dy, GradientSink& to) {
    to.add(0, scatter_to_winners(map, value, dy));
  };
  return record(Operation::pool3d, Variable(y), {&x}, {x.value()}, gradient);
}

Variable max_unpool3d(const Variable& x, const Variable& pooled, const PoolOptions& options) {
  const SparseTensor y = voxloom::max_unpool3d(x.tensor(), pooled.tensor(), options);
  const KernelMap map = pool_map(x, pooled.coords(), options);
  // x only says who won.
  const auto gradient = [map, value = x.value()](const Tensor& dy, GradientSink& to) {
    to.add(0, gather_from_winners(map, value, dy));
  };
  return record(Operation::max_unpool3d, Variable(y), {&pooled}, {x.value()}, gradient);
}

Variable pool_transpose3d(const Variable& x, const PoolTransposeOptions& options) {
  const SparseTensor y = voxloom::pool_transpose3d(x.tensor(), options);
  const KernelSpec kernel{.kernel_size = options.kernel_size,
                          .stride = options.stride,
                          .padding = options.padding,
                          .dilation = options.dilation,
                          .origin = Origin::corner};
  return record_sum(
      Operation::pool_transpose3d, y, x,
      {.map = transposed_map(x.coords(), y.coords(), kernel), .offset_weights = {}, .mean = true});
}

Variable trilinear_upsample3d(const Variable& x, const UpsampleOptions& options) {
  const SparseTensor y = voxloom::trilinear_upsample3d(x.tensor(), options);
  const KernelSpec kernel = kernel_of(trilinear_geometry("trilinear_upsample3d", options));
  return record_sum(Operation::trilinear_upsample3d, y, x,
                    {.map = transposed_map(x.coords(), y.coords(), kernel),
                     .offset_weights = trilinear_weights(options.stride),
                     .mean = true});
}

Variable global_pool(const Variable& x, PoolMode mode) {
  const Tensor y = voxloom::global_pool(x.tensor(), mode);
  const auto gradient = [mode, set = x.coords(), batch_size = x.batch_size(),
                         value = mode == PoolMode::max ? x.value() : Tensor{}](const Tensor& dy,
                                                                               GradientSink& to) {
    const std::vector<std::int32_t> batch_of_row = batch_of_rows(set);
    const Segments batches = group_rows(batch_of_row, batch_size);
    to.add(0, mode == PoolMode::max
                  ? global_max_gradient(value, batches, dy)
                  : spread_over_batches(batch_of_row, batches, mode == PoolMode::avg, dy));
  };
  std::vector<Tensor> saved;
  if (mode == PoolMode::max) saved = {x.value()};
  return record(Operation::global_pool, Variable(y), {&x}, std::move(saved), gradient);
}

}  // namespace voxloom::autograd
