// Neighbours in lattice units, within a batch. A row is its own neighbour; the radius is inclusive;
// equal distances are ordered by row. docs/semantics.md, section 9.
#pragma once

#include <cstdint>
#include <vector>

#include "voxloom/coordinate_set.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

struct NeighborOptions {
  bool squared = false;  // squared distances instead of distances
};

struct KNearest {
  std::int64_t k = 0;
  std::vector<std::int32_t> rows;  // (N_query, k), nearest first; -1 where there are fewer
  std::vector<double> distances;   // (N_query, k); infinity where there are fewer
};
[[nodiscard]] KNearest k_nearest(const CoordinateSet& query, const CoordinateSet& points,
                                 std::int64_t k, const NeighborOptions& options = {});

struct RadiusNeighbors {
  std::vector<std::int64_t> begin;  // neighbours of query i: [begin[i], begin[i+1])
  std::vector<std::int32_t> rows;   // ascending distance, then row
  std::vector<double> distances;
};
[[nodiscard]] RadiusNeighbors radius_neighbors(const CoordinateSet& query,
                                               const CoordinateSet& points, double radius,
                                               const NeighborOptions& options = {});

}  // namespace voxloom
