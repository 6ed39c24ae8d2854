// Between points and voxels. A voxel's gradient goes to its points; a point's to the voxels it read.

#include <algorithm>
#include <array>
#include <cmath>

#include "autograd/loops.h"
#include "autograd/tape.h"
#include "engine/choice.h"
#include "engine/point_grid.h"
#include "engine/segments.h"
#include "ops/point_arguments.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

// How rows were merged, and what the way back reads.
struct Merge {
  Reduction reduction;
  std::vector<std::int32_t> row_of_point;
  std::int64_t rows = 0;
  Tensor features;  // of the points, for max

  [[nodiscard]] Tensor gradient(const Tensor& dy) const {
    const Segments segments = group_rows(row_of_point, rows);
    switch (reduction) {
      case Reduction::max: return to_chosen(dy, winners_of(segments));
      case Reduction::first: return to_chosen(dy, first_rows(segments, dy.dim(1)));
      default: return to_all(dy, segments);
    }
  }

 private:
  [[nodiscard]] Tensor to_all(const Tensor& dy, const Segments& segments) const {
    const std::int64_t channels = dy.dim(1);
    const auto points = static_cast<std::int64_t>(row_of_point.size());
    Tensor dx = Tensor::empty({points, channels}, DType::f32);
    float* to = dx.mutable_data<float>();
    for_rows(points, channels, [&](std::int64_t point) {
      const std::int32_t row = row_of_point[static_cast<std::size_t>(point)];
      if (row < 0) return static_cast<void>(std::fill_n(to + point * channels, channels, 0.0F));
      const float divisor =
          reduction == Reduction::mean ? static_cast<float>(segments[row].size()) : 1.0F;
      const float* from = dy.data<float>() + row * channels;
      for (std::int64_t c = 0; c < channels; ++c) to[point * channels + c] = from[c] / divisor;
    });
    return dx;
  }

  // `chosen` (rows, C): the point that each element came from.
  [[nodiscard]] Tensor to_chosen(const Tensor& dy, const Tensor& chosen) const {
    const std::int64_t channels = dy.dim(1);
    Tensor dx =
        Tensor::zeros({static_cast<std::int64_t>(row_of_point.size()), channels}, DType::f32);
    const auto* point = chosen.data<std::int32_t>();
    float* to = dx.mutable_data<float>();
    // Each element of a point feeds one voxel: no two writes meet.
    for_ranges(chosen.size(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        if (point[i] >= 0) to[point[i] * channels + i % channels] = dy.data<float>()[i];
      }
    });
    return dx;
  }

  [[nodiscard]] Tensor winners_of(const Segments& segments) const {
    Tensor winners =
        Tensor::empty({segments.count(), features.dim(1)}, DType::i32, features.device());
    engine::run(
        engine::SegmentMaxWinners{.segments = &segments, .x = &features, .winners = &winners});
    return winners;
  }

  [[nodiscard]] static Tensor first_rows(const Segments& segments, std::int64_t channels) {
    Tensor chosen = Tensor::empty({segments.count(), channels}, DType::i32);
    for (std::int64_t row = 0; row < segments.count(); ++row) {
      std::fill_n(chosen.mutable_data<std::int32_t>() + row * channels, channels,
                  segments[row].empty() ? -1 : segments[row].front());
    }
    return chosen;
  }
};

Variable record_merge(const Voxelized& merged, const Variable& features, Reduction reduction) {
  Variable y(merged.tensor);
  if (reduction == Reduction::count || !features.needs_gradient()) return y;
  Merge merge{reduction, merged.row_of_point, merged.tensor.rows(), {}};
  std::vector<Tensor> saved;
  if (reduction == Reduction::max) {
    merge.features = features.value();
    saved = {merge.features};
  }
  const auto gradient = [merge = std::move(merge)](const Tensor& dy, GradientSink& to) {
    to.add(0, merge.gradient(dy));
  };
  return record(Operation::voxelize, std::move(y), {&features}, std::move(saved), gradient);
}

// The voxels that a point reads, with their weights; the rule of cpu/devoxelize.cpp.
struct Reads {
  std::array<std::int32_t, 8> rows;
  std::array<float, 8> weights;
};

class Reader {
 public:
  Reader(const PointGrid& points, const CoordinateSet& set, const DevoxelizeOptions& options)
      : points_(points), set_(set), options_(options) {}

  [[nodiscard]] Reads operator[](std::int64_t point) const {
    Reads reads{{-1, -1, -1, -1, -1, -1, -1, -1}, {}};
    if (!points_.is_finite(point)) return reads;
    if (options_.interpolation == Interpolation::linear) {
      linear(point, reads);
    } else {
      const double shift = options_.nearest == NearestMode::lattice ? 0.5 : 0.0;
      const auto q = points_[point];
      reads.rows[0] =
          static_cast<std::int32_t>(set_.find(points_.batch(point), floor_cell(q[0] + shift),
                                              floor_cell(q[1] + shift), floor_cell(q[2] + shift)));
      reads.weights[0] = 1.0F;
    }
    return reads;
  }

 private:
  void linear(std::int64_t point, Reads& reads) const {
    const auto q = points_[point];
    const auto weight = [&](std::size_t axis, int upper) {
      const double fraction = q[axis] - std::floor(q[axis]);
      return upper != 0 ? fraction : 1.0 - fraction;
    };
    std::array<double, 8> weights{};
    double present = 0;
    for (int corner = 0; corner < 8; ++corner) {
      const int x = corner >> 2, y = (corner >> 1) & 1, z = corner & 1;
      const double product = weight(0, x) * weight(1, y) * weight(2, z);
      if (product == 0.0) continue;
      const auto at = static_cast<std::size_t>(corner);
      reads.rows[at] = static_cast<std::int32_t>(set_.find(
          points_.batch(point), floor_cell(q[0]) + x, floor_cell(q[1]) + y, floor_cell(q[2]) + z));
      weights[at] = reads.rows[at] < 0 ? 0.0 : product;
      present += weights[at];
    }
    const double divisor = options_.renormalize && present > 0 ? present : 1.0;
    for (std::size_t i = 0; i < 8; ++i) reads.weights[i] = static_cast<float>(weights[i] / divisor);
  }

  const PointGrid& points_;
  const CoordinateSet& set_;
  const DevoxelizeOptions& options_;
};

// Each voxel sums over its readers in ascending order of points: no two threads meet in a row.
Tensor sum_over_readers(const std::vector<Reads>& reads, std::int64_t rows, const Tensor& dy) {
  std::vector<std::int32_t> voxel_of_read;
  voxel_of_read.reserve(reads.size() * 8);
  for (const Reads& r : reads)
    voxel_of_read.insert(voxel_of_read.end(), r.rows.begin(), r.rows.end());
  const Segments readers = group_rows(voxel_of_read, rows);
  const std::int64_t channels = dy.dim(1);
  Tensor dx = Tensor::zeros({rows, channels}, DType::f32);
  float* to = dx.mutable_data<float>();
  for_rows(rows, channels * 8, [&](std::int64_t row) {
    for (const std::int32_t read : readers[row]) {
      const auto point = static_cast<std::size_t>(read / 8);
      const float weight = reads[point].weights[static_cast<std::size_t>(read % 8)];
      const float* from = dy.data<float>() + read / 8 * channels;
      for (std::int64_t c = 0; c < channels; ++c) to[row * channels + c] += weight * from[c];
    }
  });
  return dx;
}

}  // namespace

Variable voxelize(const PointTensors& where, const Variable& features,
                  const VoxelizeOptions& options) {
  return record_merge(voxloom::voxelize(where.points, features.value(), where.batch, options),
                      features, options.reduction);
}

Variable sparse_from_points(const Tensor& rows, const Variable& features, Reduction reduction,
                            const CoordinateSetOptions& options) {
  return record_merge(voxloom::sparse_from_points(rows, features.value(), reduction, options),
                      features, reduction);
}

Variable devoxelize(const PointTensors& where, const Variable& voxels,
                    const DevoxelizeOptions& options) {
  const Tensor y = voxloom::devoxelize(where.points, voxels.tensor(), where.batch, options);
  const auto gradient = [where, set = voxels.coords(), options](const Tensor& dy,
                                                                GradientSink& to) {
    const CheckedPoints checked =
        check_points("devoxelize", where.points, where.batch, options.grid);
    const PointGrid grid(checked.positions.span<float>(), checked.batches(), options.grid);
    const Reader reader(grid, set, options);
    std::vector<Reads> reads(static_cast<std::size_t>(grid.size()));
    for_rows(grid.size(), 64,
             [&](std::int64_t point) { reads[static_cast<std::size_t>(point)] = reader[point]; });
    to.add(0, sum_over_readers(reads, set.size(), dy));
  };
  return record(Operation::devoxelize, Variable(y), {&voxels}, {}, gradient);
}

}  // namespace voxloom::autograd
