// Pooling and resampling over a kernel map. An output row with no contributor is 0.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "oracle/map.h"
#include "oracle/support.h"
#include "oracle/types.h"

namespace voxloom_oracle {

enum class PoolMode { kSum, kMax, kAvg };

// Whether `challenger`, of a higher row, takes the maximum from `holder`. A NaN beats every number;
// a tie, two NaNs included, stays with the holder.
inline bool takes_maximum(double challenger, double holder) {
  if (std::isnan(holder)) return false;
  return std::isnan(challenger) || challenger > holder;
}

// Per (out_row, channel) the input row that wins the maximum, or -1 without contributors.
// The lowest row wins a tie, whatever the order of the kernel offsets.
inline std::vector<int64_t> max_winners(const KernelMap& map, const Features& x) {
  std::vector<MapEntry> by_row = map.entries;
  std::sort(by_row.begin(), by_row.end(),
            [](const MapEntry& a, const MapEntry& b) { return a.in_row < b.in_row; });
  std::vector<int64_t> winner(static_cast<size_t>(map.out_rows * x.channels), -1);
  for (const MapEntry& e : by_row) {
    for (int64_t c = 0; c < x.channels; ++c) {
      int64_t& held = winner.at(static_cast<size_t>(e.out_row * x.channels + c));
      if (held < 0 || takes_maximum(x.at(e.in_row, c), x.at(held, c))) held = e.in_row;
    }
  }
  return winner;
}

inline std::vector<int64_t> contributor_counts(const KernelMap& map) {
  std::vector<int64_t> counts(static_cast<size_t>(map.out_rows), 0);
  for (const MapEntry& e : map.entries) ++counts.at(static_cast<size_t>(e.out_row));
  return counts;
}

inline Features sum_over_map(const KernelMap& map, const Features& x) {
  Features y = Features::zeros(map.out_rows, x.channels);
  for (const MapEntry& e : map.entries) {
    for (int64_t c = 0; c < x.channels; ++c) y.at(e.out_row, c) += x.at(e.in_row, c);
  }
  return y;
}

inline Features mean_over_map(const KernelMap& map, const Features& x) {
  Features y = sum_over_map(map, x);
  const std::vector<int64_t> counts = contributor_counts(map);
  for (int64_t row = 0; row < y.rows; ++row) {
    const int64_t count = counts[static_cast<size_t>(row)];
    for (int64_t c = 0; c < y.channels && count > 0; ++c) {
      y.at(row, c) /= static_cast<double>(count);
    }
  }
  return y;
}

inline Features pool(PoolMode mode, const KernelMap& map, const Features& x) {
  if (mode == PoolMode::kSum) return sum_over_map(map, x);
  if (mode == PoolMode::kAvg) return mean_over_map(map, x);
  Features y = Features::zeros(map.out_rows, x.channels);
  const std::vector<int64_t> winner = max_winners(map, x);
  for (int64_t row = 0; row < y.rows; ++row) {
    for (int64_t c = 0; c < y.channels; ++c) {
      const int64_t won = winner[y.index(row, c)];
      if (won >= 0) y.at(row, c) = x.at(won, c);
    }
  }
  return y;
}

// Puts pooled values back on the rows of x that won them; a row that won several windows gets
// their sum. `map` is the map of the pooling: x's rows to pooled's rows.
inline Features max_unpool(const KernelMap& map, const Features& x, const Features& pooled) {
  Features y = Features::zeros(x.rows, x.channels);
  const std::vector<int64_t> winner = max_winners(map, x);
  for (int64_t row = 0; row < pooled.rows; ++row) {
    for (int64_t c = 0; c < pooled.channels; ++c) {
      const int64_t won = winner[pooled.index(row, c)];
      if (won >= 0) y.at(won, c) += pooled.at(row, c);
    }
  }
  return y;
}

inline Features avg_pool_grad(const KernelMap& map, const Features& dy) {
  Features dx = Features::zeros(map.in_rows, dy.channels);
  const std::vector<int64_t> counts = contributor_counts(map);
  for (const MapEntry& e : map.entries) {
    const auto count = static_cast<double>(counts[static_cast<size_t>(e.out_row)]);
    for (int64_t c = 0; c < dy.channels; ++c) dx.at(e.in_row, c) += dy.at(e.out_row, c) / count;
  }
  return dx;
}

// Data gradient. Max routes dy to the winners, which is exactly what unpooling does with values.
inline Features pool_grad(PoolMode mode, const KernelMap& map, const Features& x,
                          const Features& dy) {
  if (mode == PoolMode::kSum) return sum_over_map(swapped(map), dy);
  if (mode == PoolMode::kAvg) return avg_pool_grad(map, dy);
  return max_unpool(map, x, dy);
}

// Mean of the contributors; `map` is a transposed map.
inline Features pool_transpose(const KernelMap& map, const Features& x) {
  return mean_over_map(map, x);
}

// Kernel and geometry of trilinear upsampling: corner offsets 0..2s-2, padding s-1.
inline std::vector<Triple> trilinear_offsets(const Triple& s) {
  return kernel_offsets({2 * s.x - 1, 2 * s.y - 1, 2 * s.z - 1}, Origin::kCorner);
}
inline Geometry trilinear_geometry(const Triple& s) {
  return {.stride = s, .padding = {s.x - 1, s.y - 1, s.z - 1}};
}
inline std::vector<Coord> trilinear_support(const std::vector<Coord>& input, const Triple& s) {
  return transposed_support(input, trilinear_offsets(s), trilinear_geometry(s));
}

// 1 - |o - (s-1)| / s per axis, multiplied over the axes.
inline double trilinear_weight(const Triple& off, const Triple& s) {
  double weight = 1.0;
  for (int axis = 0; axis < 3; ++axis) {
    const auto away = static_cast<double>(std::abs(off[axis] - (s[axis] - 1)));
    weight *= 1.0 - away / static_cast<double>(s[axis]);
  }
  return weight;
}

// Weighted mean over the weights that are present; an unmatched target row is 0.
inline Features trilinear_upsample(const Sparse& x, const std::vector<Coord>& target,
                                   const Triple& s) {
  const std::vector<Triple> offsets = trilinear_offsets(s);
  const KernelMap map = transposed_map(x.coords, target, offsets, trilinear_geometry(s));
  Features y = Features::zeros(map.out_rows, x.feats.channels);
  std::vector<double> present(target.size(), 0.0);
  for (const MapEntry& e : map.entries) {
    const double weight = trilinear_weight(offsets[static_cast<size_t>(e.k)], s);
    present[static_cast<size_t>(e.out_row)] += weight;
    for (int64_t c = 0; c < y.channels; ++c) {
      y.at(e.out_row, c) += weight * x.feats.at(e.in_row, c);
    }
  }
  for (size_t i = 0; i < y.v.size(); ++i) {
    const double total = present[i / static_cast<size_t>(y.channels)];
    if (total > 0.0) y.v[i] /= total;
  }
  return y;
}

// A batch column read as a kernel map: every row contributes to the row of its batch.
inline KernelMap batch_map(const std::vector<Coord>& coords, int64_t batch_size) {
  KernelMap map{row_count(coords), batch_size, 1, {}};
  for (int64_t row = 0; row < map.in_rows; ++row) {
    const int64_t batch = coords[static_cast<size_t>(row)][0];
    if (batch < 0 || batch >= batch_size) throw std::invalid_argument("oracle: batch beyond size");
    map.entries.push_back({row, batch, 0});
  }
  sort_entries(map.entries);
  return map;
}

// (batch_size, C). An empty batch is 0 for sum and avg, and an error for max.
inline Features global_pool(PoolMode mode, const Sparse& x, int64_t batch_size) {
  const KernelMap map = batch_map(x.coords, batch_size);
  if (mode == PoolMode::kMax) {
    for (int64_t count : contributor_counts(map)) {
      if (count == 0) throw std::invalid_argument("oracle: global max over an empty batch");
    }
  }
  return pool(mode, map, x.feats);
}

}  // namespace voxloom_oracle
