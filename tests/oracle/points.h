// Points to voxels and back. Points and features are float32 values; positions are worked out in
// float64: q = (p - origin) / voxel_size, cell = floor(q).
#pragma once

#include <array>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "oracle/coords.h"
#include "oracle/pool.h"
#include "oracle/types.h"

namespace voxloom_oracle {

struct Points {
  std::vector<std::array<float, 3>> xyz;
  std::vector<int64_t> batch;  // one per point
  int64_t size() const { return static_cast<int64_t>(xyz.size()); }
};

struct VoxelGrid {
  std::array<double, 3> voxel_size{1, 1, 1};
  std::array<double, 3> origin{0, 0, 0};
};

enum class VoxelReduction { kSum, kMean, kMax, kFirst, kCount };
enum class NonFinite { kError, kDrop };

// q, in voxels from the origin.
inline std::array<double, 3> grid_position(const std::array<float, 3>& p, const VoxelGrid& grid) {
  std::array<double, 3> q{};
  for (size_t a = 0; a < 3; ++a) {
    q[a] = (static_cast<double>(p[a]) - grid.origin[a]) / grid.voxel_size[a];
  }
  return q;
}

inline bool is_finite(const std::array<float, 3>& p) {
  return std::isfinite(p[0]) && std::isfinite(p[1]) && std::isfinite(p[2]);
}

// False for a dropped point; throws with the point's row when non-finite points are an error.
inline bool keep_point(const Points& points, int64_t row, NonFinite policy) {
  if (is_finite(points.xyz[static_cast<size_t>(row)])) return true;
  if (policy == NonFinite::kDrop) return false;
  throw std::invalid_argument("oracle: point " + std::to_string(row) + " is not finite");
}

// An integral double as a wide integer; far beyond int32 it saturates, which keeps it a miss.
inline Wide to_wide(double integral) {
  constexpr double kFar = 1e15;
  return static_cast<Wide>(std::fmin(std::fmax(integral, -kFar), kFar));
}

inline std::array<Wide, 3> floor_cell(const std::array<double, 3>& q) {
  return {to_wide(std::floor(q[0])), to_wide(std::floor(q[1])), to_wide(std::floor(q[2]))};
}

struct Voxelized {
  Sparse voxels;                   // canonical order
  std::vector<int64_t> point_row;  // per point its voxel's row, -1 when dropped
  std::vector<int64_t> counts;     // points per voxel
  int64_t dropped = 0;
};

// Which point falls into which voxel, read as a kernel map so that pooling reduces it.
inline KernelMap point_map(const Voxelized& v) {
  KernelMap map{static_cast<int64_t>(v.point_row.size()), row_count(v.voxels.coords), 1, {}};
  for (int64_t point = 0; point < map.in_rows; ++point) {
    const int64_t row = v.point_row[static_cast<size_t>(point)];
    if (row >= 0) map.entries.push_back({point, row, 0});
  }
  sort_entries(map.entries);
  return map;
}

// Coordinates, point rows and counts; no features yet.
inline Voxelized assign_voxels(const Points& points, const VoxelGrid& grid, NonFinite policy) {
  Voxelized result;
  std::vector<Coord> cell_of_point;
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < points.size(); ++i) {
    if (!keep_point(points, i, policy)) {
      ++result.dropped;
      continue;
    }
    const auto row = static_cast<size_t>(i);
    kept.push_back(i);
    cell_of_point.push_back(
        checked_coord(points.batch[row], floor_cell(grid_position(points.xyz[row], grid))));
  }
  result.voxels.coords = canonical_unique(cell_of_point);
  const RowOf rows = rows_by_coord(result.voxels.coords);
  result.point_row.assign(points.xyz.size(), -1);
  result.counts.assign(result.voxels.coords.size(), 0);
  for (size_t j = 0; j < kept.size(); ++j) {
    const int64_t row = row_or_miss(rows, cell_of_point[j]);
    result.point_row[static_cast<size_t>(kept[j])] = row;
    ++result.counts[static_cast<size_t>(row)];
  }
  return result;
}

inline Features first_per_row(const KernelMap& map, const Features& x) {
  Features y = Features::zeros(map.out_rows, x.channels);
  int64_t previous = -1;
  for (const MapEntry& e : map.entries) {  // ascending point within a row
    for (int64_t c = 0; c < x.channels && e.out_row != previous; ++c) {
      y.at(e.out_row, c) = x.at(e.in_row, c);
    }
    previous = e.out_row;
  }
  return y;
}

inline Features reduce_points(VoxelReduction reduction, const KernelMap& map, const Features& x) {
  switch (reduction) {
    case VoxelReduction::kSum: return pool(PoolMode::kSum, map, x);
    case VoxelReduction::kMean: return pool(PoolMode::kAvg, map, x);
    case VoxelReduction::kMax: return pool(PoolMode::kMax, map, x);
    case VoxelReduction::kFirst: return first_per_row(map, x);
    case VoxelReduction::kCount:
      return pool(PoolMode::kSum, map, Features::filled(map.in_rows, 1, 1.0));
  }
  throw std::invalid_argument("oracle: unknown reduction");
}

// `count` gives one channel, whatever the input's channels.
inline Voxelized voxelize(const Points& points, const Features& feats, const VoxelGrid& grid,
                          VoxelReduction reduction, NonFinite policy = NonFinite::kError) {
  Voxelized result = assign_voxels(points, grid, policy);
  result.voxels.feats = reduce_points(reduction, point_map(result), feats);
  return result;
}

enum class NearestMode { kCell, kLattice };

// A point outside every voxel reads 0; so does a dropped point.
inline Features devoxelize_nearest(const Points& points, const Sparse& voxels,
                                   const VoxelGrid& grid, NearestMode mode = NearestMode::kCell,
                                   NonFinite policy = NonFinite::kError) {
  const RowOf rows = rows_by_coord(voxels.coords);
  Features y = Features::zeros(points.size(), voxels.feats.channels);
  for (int64_t i = 0; i < points.size(); ++i) {
    if (!keep_point(points, i, policy)) continue;
    std::array<double, 3> q = grid_position(points.xyz[static_cast<size_t>(i)], grid);
    if (mode == NearestMode::kLattice) q = {q[0] + 0.5, q[1] + 0.5, q[2] + 0.5};
    const std::array<Wide, 3> at = floor_cell(q);
    if (!fits_int32(at)) continue;
    const int64_t row = row_or_miss(rows, checked_coord(points.batch[static_cast<size_t>(i)], at));
    for (int64_t c = 0; c < y.channels && row >= 0; ++c) y.at(i, c) = voxels.feats.at(row, c);
  }
  return y;
}

struct Corner {
  int64_t row = -1;
  double weight = 0;
};

// The corners around q that exist. A corner of weight 0 is no contributor: a point that lies on a
// lattice plane does not touch the other side, not even a NaN there.
inline std::vector<Corner> present_corners(const RowOf& rows, int64_t batch,
                                           const std::array<double, 3>& q) {
  std::vector<Corner> corners;
  for (int bits = 0; bits < 8; ++bits) {
    std::array<Wide, 3> at = floor_cell(q);
    double weight = 1.0;
    for (size_t a = 0; a < 3; ++a) {
      const bool upper = ((bits >> (2 - a)) & 1) != 0;
      const double fraction = q[a] - std::floor(q[a]);
      weight *= upper ? fraction : 1.0 - fraction;
      at[a] += upper ? 1 : 0;
    }
    if (weight == 0.0 || !fits_int32(at)) continue;
    const int64_t row = row_or_miss(rows, checked_coord(batch, at));
    if (row >= 0) corners.push_back({row, weight});
  }
  return corners;
}

// Trilinear. Missing corners count as 0; `renormalize` divides by the weight that is present.
inline Features devoxelize_linear(const Points& points, const Sparse& voxels, const VoxelGrid& grid,
                                  bool renormalize = false, NonFinite policy = NonFinite::kError) {
  const RowOf rows = rows_by_coord(voxels.coords);
  Features y = Features::zeros(points.size(), voxels.feats.channels);
  for (int64_t i = 0; i < points.size(); ++i) {
    if (!keep_point(points, i, policy)) continue;
    const auto point = static_cast<size_t>(i);
    const auto corners =
        present_corners(rows, points.batch[point], grid_position(points.xyz[point], grid));
    double total = 0;
    for (const Corner& corner : corners) total += corner.weight;
    for (const Corner& corner : corners) {
      const double weight = renormalize ? corner.weight / total : corner.weight;
      for (int64_t c = 0; c < y.channels; ++c) {
        y.at(i, c) += weight * voxels.feats.at(corner.row, c);
      }
    }
  }
  return y;
}

}  // namespace voxloom_oracle
