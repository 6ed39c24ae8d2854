#include <array>
#include <cmath>
#include <vector>

#include "coords/segments.h"
#include "cpu/backend.h"
#include "cpu/loops.h"
#include "engine/point_grid.h"
#include "engine/spread.h"

namespace voxloom::cpu {
namespace {

// The voxels that a point reads, with their weights; the rule of devoxelize.cpp.
struct Reads {
  std::array<std::int32_t, 8> rows;
  std::array<float, 8> weights;
};

class Reader {
 public:
  Reader(const PointGrid& points, const engine::DevoxelizeGradient& problem)
      : points_(points), set_(*problem.set), p_(problem) {}

  [[nodiscard]] Reads operator[](std::int64_t point) const {
    Reads reads{{-1, -1, -1, -1, -1, -1, -1, -1}, {}};
    if (!points_.is_finite(point)) return reads;
    if (p_.interpolation == Interpolation::linear) {
      linear(point, reads);
    } else {
      const double shift = p_.nearest == NearestMode::lattice ? 0.5 : 0.0;
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
    const double divisor = p_.renormalize && present > 0 ? present : 1.0;
    for (std::size_t i = 0; i < 8; ++i) reads.weights[i] = static_cast<float>(weights[i] / divisor);
  }

  const PointGrid& points_;
  const CoordinateSet& set_;
  const engine::DevoxelizeGradient& p_;
};

// Each voxel sums over its readers in ascending order of points: no two threads meet in a row.
void sum_over_readers(const std::vector<Reads>& reads, const engine::DevoxelizeGradient& p) {
  std::vector<std::int32_t> voxel_of_read;
  voxel_of_read.reserve(reads.size() * 8);
  for (const Reads& r : reads) {
    voxel_of_read.insert(voxel_of_read.end(), r.rows.begin(), r.rows.end());
  }
  const std::int64_t rows = p.dx->dim(0), channels = p.dx->dim(1);
  const Segments readers = group_rows(voxel_of_read, rows);
  const float* dy = p.dy->data<float>();
  float* dx = p.dx->mutable_data<float>();
  for_rows(rows, channels * 8, [&](std::int64_t row) {
    float* to = dx + row * channels;
    std::fill_n(to, channels, 0.0F);
    for (const std::int32_t read : readers[row]) {
      const auto point = static_cast<std::size_t>(read / 8);
      const float weight = reads[point].weights[static_cast<std::size_t>(read % 8)];
      const float* from = dy + read / 8 * channels;
      for (std::int64_t c = 0; c < channels; ++c) to[c] += weight * from[c];
    }
  });
}

void devoxelize_gradient(const engine::DevoxelizeGradient& p) {
  const PointGrid grid(p.points->span<float>(), p.batch, p.grid);
  const Reader reader(grid, p);
  std::vector<Reads> reads(static_cast<std::size_t>(grid.size()));
  for_rows(grid.size(), 64,
           [&](std::int64_t point) { reads[static_cast<std::size_t>(point)] = reader[point]; });
  sum_over_readers(reads, p);
}

}  // namespace

void CpuBackend::offer_devoxelize_gradient() { offer_trained<devoxelize_gradient>(); }

}  // namespace voxloom::cpu
