// Set operations, dense conversion and neighbours, by brute force.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "oracle/algebra.h"
#include "oracle/coords.h"
#include "oracle/support.h"
#include "oracle/types.h"

namespace voxloom_oracle {

inline std::vector<Coord> set_union(const std::vector<Coord>& a, const std::vector<Coord>& b) {
  return canonical_unique(join_rows(Join::kOuter, {a, b}));
}

inline std::vector<Coord> set_intersection(const std::vector<Coord>& a,
                                           const std::vector<Coord>& b) {
  return canonical_unique(join_rows(Join::kInner, {a, b}));
}

// The coordinates of a that b lacks.
inline std::vector<Coord> set_difference(const std::vector<Coord>& a, const std::vector<Coord>& b) {
  const RowOf in_b = rows_by_coord(b);
  std::vector<Coord> rest;
  for (const Coord& c : a) {
    if (row_or_miss(in_b, c) < 0) rest.push_back(c);
  }
  return canonical_unique(rest);
}

// Per query its row in the set, or -1. Queries may repeat.
inline std::vector<int64_t> lookup(const std::vector<Coord>& set,
                                   const std::vector<Coord>& queries) {
  const RowOf rows = rows_by_coord(set);
  std::vector<int64_t> result;
  for (const Coord& c : queries) result.push_back(row_or_miss(rows, c));
  return result;
}

inline std::vector<Coord> downsample(const std::vector<Coord>& set, const Triple& stride) {
  return strided_support(set, stride);
}

// A dense block over an inclusive box, laid out (batch, x, y, z, channel).
struct DenseBlock {
  int64_t batches = 0;
  Triple lo;
  Triple size;
  int64_t channels = 0;
  std::vector<double> v;

  size_t index(int64_t b, const Triple& cell, int64_t c) const {
    const int64_t place = ((b * size.x + cell.x) * size.y + cell.y) * size.z + cell.z;
    return static_cast<size_t>(place * channels + c);
  }
};

// Rows outside the box are left out; cells without a row hold 0.
inline DenseBlock to_dense(const Sparse& x, const Triple& lo, const Triple& hi,
                           int64_t batch_size) {
  DenseBlock block{
      batch_size, lo, {hi.x - lo.x + 1, hi.y - lo.y + 1, hi.z - lo.z + 1}, x.feats.channels, {}};
  block.v.assign(static_cast<size_t>(batch_size * volume(block.size) * block.channels), 0.0);
  for (int64_t row = 0; row < row_count(x.coords); ++row) {
    const Coord& c = x.coords[static_cast<size_t>(row)];
    if (!in_box(c, lo, hi)) continue;
    for (int64_t ch = 0; ch < block.channels; ++ch) {
      const Triple cell{c[1] - lo.x, c[2] - lo.y, c[3] - lo.z};
      block.v.at(block.index(c[0], cell, ch)) = x.feats.at(row, ch);
    }
  }
  return block;
}

// The coordinates of every cell of the block, z fastest.
inline std::vector<Coord> block_coords(const DenseBlock& block) {
  std::vector<Coord> coords;
  for (int64_t b = 0; b < block.batches; ++b) {
    for (int64_t x = 0; x < block.size.x; ++x) {
      for (int64_t y = 0; y < block.size.y; ++y) {
        for (int64_t z = 0; z < block.size.z; ++z) {
          coords.push_back({b, block.lo.x + x, block.lo.y + y, block.lo.z + z});
        }
      }
    }
  }
  return coords;
}

// The cells with a value other than 0 (a NaN is one) in any channel, in canonical order.
inline Sparse from_dense(const DenseBlock& block) {
  std::vector<Coord> active;
  const std::vector<Coord> cells = block_coords(block);
  const Sparse all{cells, {row_count(cells), block.channels, block.v}};
  for (int64_t row = 0; row < all.feats.rows; ++row) {
    bool any = false;
    for (int64_t c = 0; c < block.channels; ++c) any = any || all.feats.at(row, c) != 0.0;
    if (any) active.push_back(cells[static_cast<size_t>(row)]);
  }
  return reindex(all, canonical_unique(active), 0.0);
}

struct Neighbour {
  int64_t row = -1;
  double distance = 0;
  bool operator==(const Neighbour&) const = default;
};

// Exact: differences of int32 values have squares up to 2^64 each.
inline Wide squared_distance(const Coord& a, const Coord& b) {
  Wide sum = 0;
  for (size_t axis = 1; axis <= 3; ++axis) sum += Wide{a[axis] - b[axis]} * (a[axis] - b[axis]);
  return sum;
}

inline double distance(const Coord& a, const Coord& b) {
  return std::sqrt(static_cast<double>(squared_distance(a, b)));
}

// All rows of the query's batch, nearest first, ties to the lower row; exact integer comparison.
inline std::vector<Neighbour> sorted_neighbours(const Coord& query, const std::vector<Coord>& set) {
  std::vector<std::pair<Wide, int64_t>> found;
  for (int64_t row = 0; row < row_count(set); ++row) {
    const Coord& c = set[static_cast<size_t>(row)];
    if (c[0] == query[0]) found.emplace_back(squared_distance(query, c), row);
  }
  std::sort(found.begin(), found.end());
  std::vector<Neighbour> result;
  for (const auto& [squared, row] : found) {
    result.push_back({row, std::sqrt(static_cast<double>(squared))});
  }
  return result;
}

// Up to k neighbours per query; fewer when the batch has fewer rows.
inline std::vector<std::vector<Neighbour>> knn(const std::vector<Coord>& queries,
                                               const std::vector<Coord>& set, int64_t k) {
  std::vector<std::vector<Neighbour>> result;
  for (const Coord& query : queries) {
    std::vector<Neighbour> near = sorted_neighbours(query, set);
    if (static_cast<int64_t>(near.size()) > k) near.resize(static_cast<size_t>(k));
    result.push_back(near);
  }
  return result;
}

// Every neighbour with distance <= radius, nearest first. The reported distance is what is
// compared, so that a radius of sqrt(3) finds the cube's corner: sqrt(3)^2 rounds below 3.
inline std::vector<std::vector<Neighbour>> radius_neighbours(const std::vector<Coord>& queries,
                                                             const std::vector<Coord>& set,
                                                             double radius) {
  std::vector<std::vector<Neighbour>> result;
  for (const Coord& query : queries) {
    std::vector<Neighbour> near;
    for (const Neighbour& n : sorted_neighbours(query, set)) {
      if (n.distance <= radius) near.push_back(n);
    }
    result.push_back(near);
  }
  return result;
}

}  // namespace voxloom_oracle
