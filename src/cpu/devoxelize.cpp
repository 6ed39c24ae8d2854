#include <algorithm>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/points.h"
#include "engine/point_grid.h"

namespace voxloom::cpu {
namespace {

using engine::Devoxelize;

constexpr std::int64_t kPointsPerTask = 1024;

// The voxels around a point that are there, with their weights.
struct Corners {
  std::array<std::int64_t, 8> rows{};
  std::array<double, 8> weights{};
  int count = 0;
};

// A corner of weight 0 is no contributor: a point on a lattice plane does not touch the voxels on
// its other side, not even a NaN there.
Corners corners_of(const CoordinateSet& set, std::int32_t batch, const std::array<double, 3>& q) {
  std::array<std::int64_t, 3> cell{};
  std::array<double, 3> fraction{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    cell[axis] = floor_cell(q[axis]);
    fraction[axis] = q[axis] - std::floor(q[axis]);
  }
  const auto weight = [&](std::size_t axis, int upper) {
    return upper != 0 ? fraction[axis] : 1.0 - fraction[axis];
  };
  Corners corners;
  for (int bits = 0; bits < 8; ++bits) {
    const int x = bits >> 2, y = (bits >> 1) & 1, z = bits & 1;
    const double product = weight(0, x) * weight(1, y) * weight(2, z);
    if (product == 0.0) continue;
    const std::int64_t row = set.find(batch, cell[0] + x, cell[1] + y, cell[2] + z);
    if (row < 0) continue;
    corners.rows[static_cast<std::size_t>(corners.count)] = row;
    corners.weights[static_cast<std::size_t>(corners.count++)] = product;
  }
  return corners;
}

void renormalize(Corners& corners) {
  double present = 0;
  for (const double weight : corners.weights) present += weight;
  for (double& weight : corners.weights) weight = present > 0 ? weight / present : 0.0;
}

template <typename T>
void interpolate(const Devoxelize& problem, const Corners& corners, std::vector<double>& sums,
                 T* y) {
  const std::int64_t channels = problem.features->dim(1);
  const T* features = problem.features->data<T>();
  sums.assign(static_cast<std::size_t>(channels), 0.0);
  for (int i = 0; i < corners.count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const T* row = features + corners.rows[at] * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      sums[static_cast<std::size_t>(c)] +=
          corners.weights[at] * static_cast<double>(static_cast<float>(row[c]));
    }
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    y[c] = T(static_cast<float>(sums[static_cast<std::size_t>(c)]));
  }
}

// Calls body(point, y, sums) for each finite point; the others read 0.
template <typename T, typename Body>
void for_each_point(const Devoxelize& problem, const PointGrid& points, const Body& body) {
  const std::int64_t channels = problem.features->dim(1);
  parallel_for(points.size(), kPointsPerTask, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> sums;
    for (std::int64_t point = begin; point < end; ++point) {
      T* y = problem.y->mutable_data<T>() + point * channels;
      if (points.is_finite(point)) {
        body(point, y, sums);
      } else {
        std::fill_n(y, channels, T(0.0F));
      }
    }
  });
}

void read_nearest(const Devoxelize& problem, const PointGrid& points) {
  const double shift = problem.nearest == NearestMode::lattice ? 0.5 : 0.0;
  const std::int64_t channels = problem.features->dim(1);
  visit_feature_dtype("devoxelize", problem.features->dtype(), [&]<typename T>() {
    const T* features = problem.features->data<T>();
    for_each_point<T>(problem, points, [&](std::int64_t point, T* y, std::vector<double>&) {
      const std::array<double, 3> q = points[point];
      const std::int64_t row =
          problem.set->find(points.batch(point), floor_cell(q[0] + shift), floor_cell(q[1] + shift),
                            floor_cell(q[2] + shift));
      if (row < 0) {
        std::fill_n(y, channels, T(0.0F));
      } else {
        std::copy_n(features + row * channels, channels, y);
      }
    });
  });
}

void read_linear(const Devoxelize& problem, const PointGrid& points) {
  visit_feature_dtype("devoxelize", problem.features->dtype(), [&]<typename T>() {
    for_each_point<T>(problem, points, [&](std::int64_t point, T* y, std::vector<double>& sums) {
      Corners corners = corners_of(*problem.set, points.batch(point), points[point]);
      if (problem.renormalize) renormalize(corners);
      interpolate(problem, corners, sums, y);
    });
  });
}

}  // namespace

void devoxelize(const Devoxelize& problem) {
  const PointGrid points(problem.points->span<float>(), problem.batch, problem.grid);
  switch (problem.interpolation) {
    case Interpolation::nearest: return read_nearest(problem, points);
    case Interpolation::linear: return read_linear(problem, points);
  }
}

}  // namespace voxloom::cpu
