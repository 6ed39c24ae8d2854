// Sparse algebra: joins of tensors on their coordinates, and selections of rows.
// Inner and left joins keep the lhs order, right the rhs order; outer is the lhs rows, then the
// rhs-only rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "oracle/coords.h"
#include "oracle/types.h"

namespace voxloom_oracle {

enum class Join { kInner, kLeft, kRight, kOuter };
enum class BinaryOp { kAdd, kSub, kMul, kMaximum, kMinimum };

// The rows of a join of any number of sets. Left is the first set, right the last.
inline std::vector<Coord> join_rows(Join join, const std::vector<std::vector<Coord>>& sets) {
  if (sets.empty()) throw std::invalid_argument("oracle: join of nothing");
  if (join == Join::kLeft) return sets.front();
  if (join == Join::kRight) return sets.back();
  std::vector<RowOf> rows;
  for (const auto& set : sets) rows.push_back(rows_by_coord(set));
  std::vector<Coord> result;
  for (size_t s = 0; s < (join == Join::kInner ? 1 : sets.size()); ++s) {
    for (const Coord& c : sets[s]) {
      const auto holds = [&](const RowOf& other) { return other.count(c) == 1; };
      const bool keep =
          join == Join::kInner
              ? std::all_of(rows.begin(), rows.end(), holds)
              : std::none_of(rows.begin(), rows.begin() + static_cast<long>(s), holds);
      if (keep) result.push_back(c);
    }
  }
  return result;
}

// x's features on another set, `fill` where x has no such coordinate.
inline Sparse reindex(const Sparse& x, const std::vector<Coord>& target, double fill) {
  const RowOf rows = rows_by_coord(x.coords);
  Sparse result{target, Features::filled(row_count(target), x.feats.channels, fill)};
  for (int64_t u = 0; u < row_count(target); ++u) {
    const int64_t v = row_or_miss(rows, target[static_cast<size_t>(u)]);
    for (int64_t c = 0; c < x.feats.channels && v >= 0; ++c) {
      result.feats.at(u, c) = x.feats.at(v, c);
    }
  }
  return result;
}

// Maximum and minimum propagate NaN from either side, unlike std::fmax.
inline double apply_binary(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd: return a + b;
    case BinaryOp::kSub: return a - b;
    case BinaryOp::kMul: return a * b;
    case BinaryOp::kMaximum:
      return std::isnan(a) || std::isnan(b) ? std::numeric_limits<double>::quiet_NaN()
                                            : (a < b ? b : a);
    case BinaryOp::kMinimum:
      return std::isnan(a) || std::isnan(b) ? std::numeric_limits<double>::quiet_NaN()
                                            : (b < a ? b : a);
  }
  throw std::invalid_argument("oracle: unknown binary op");
}

inline Join default_join(BinaryOp op) {
  return op == BinaryOp::kAdd || op == BinaryOp::kSub ? Join::kOuter : Join::kInner;
}

inline Sparse binary(BinaryOp op, Join join, const Sparse& lhs, const Sparse& rhs,
                     double lhs_fill = 0.0, double rhs_fill = 0.0) {
  if (lhs.feats.channels != rhs.feats.channels) {
    throw std::invalid_argument("oracle: binary op on different channel counts");
  }
  const std::vector<Coord> rows = join_rows(join, {lhs.coords, rhs.coords});
  Sparse result = reindex(lhs, rows, lhs_fill);
  const Sparse other = reindex(rhs, rows, rhs_fill);
  for (size_t i = 0; i < result.feats.v.size(); ++i) {
    result.feats.v[i] = apply_binary(op, result.feats.v[i], other.feats.v[i]);
  }
  return result;
}

// Channels side by side; missing values are 0.
inline Sparse cat(Join join, const std::vector<Sparse>& inputs) {
  std::vector<std::vector<Coord>> sets;
  int64_t channels = 0;
  for (const Sparse& x : inputs) {
    sets.push_back(x.coords);
    channels += x.feats.channels;
  }
  const std::vector<Coord> rows = join_rows(join, sets);
  Sparse result{rows, Features::zeros(row_count(rows), channels)};
  int64_t first = 0;
  for (const Sparse& x : inputs) {
    const Sparse part = reindex(x, rows, 0.0);
    for (int64_t r = 0; r < row_count(rows); ++r) {
      for (int64_t c = 0; c < x.feats.channels; ++c) {
        result.feats.at(r, first + c) = part.feats.at(r, c);
      }
    }
    first += x.feats.channels;
  }
  return result;
}

// The given rows in the given order; a repeated or unknown row is an error.
inline Sparse prune(const Sparse& x, const std::vector<int64_t>& rows) {
  Sparse result{{}, Features::zeros(static_cast<int64_t>(rows.size()), x.feats.channels)};
  for (size_t i = 0; i < rows.size(); ++i) {
    result.coords.push_back(x.coords.at(static_cast<size_t>(rows[i])));
    for (int64_t c = 0; c < x.feats.channels; ++c) {
      result.feats.at(static_cast<int64_t>(i), c) = x.feats.at(rows[i], c);
    }
  }
  rows_by_coord(result.coords);  // throws on a repeated row
  return result;
}

inline Sparse prune_mask(const Sparse& x, const std::vector<bool>& keep) {
  if (keep.size() != x.coords.size()) throw std::invalid_argument("oracle: mask length");
  std::vector<int64_t> rows;
  for (size_t row = 0; row < keep.size(); ++row) {
    if (keep[row]) rows.push_back(static_cast<int64_t>(row));
  }
  return prune(x, rows);
}

inline bool in_box(const Coord& c, const Triple& lo, const Triple& hi) {
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t value = c[static_cast<size_t>(axis) + 1];
    if (value < lo[axis] || value > hi[axis]) return false;
  }
  return true;
}

// Rows inside the inclusive box, in every batch, in row order.
inline Sparse crop(const Sparse& x, const Triple& lo, const Triple& hi) {
  std::vector<bool> keep;
  for (const Coord& c : x.coords) keep.push_back(in_box(c, lo, hi));
  return prune_mask(x, keep);
}

// The rows of topk: n per batch with the largest value of a channel, ascending. A NaN counts as
// larger than every number, as in max pooling; ties go to the lower row.
inline std::vector<int64_t> topk_rows(const Sparse& x, int64_t n, int64_t channel) {
  const auto beats = [&](int64_t a, int64_t b) {
    const double va = x.feats.at(a, channel);
    const double vb = x.feats.at(b, channel);
    if (std::isnan(va) && std::isnan(vb)) return a < b;
    if (std::isnan(va) || std::isnan(vb)) return std::isnan(va);
    return va != vb ? va > vb : a < b;
  };
  std::vector<int64_t> kept;
  for (int64_t row = 0; row < row_count(x.coords); ++row) {
    int64_t better = 0;
    for (int64_t other = 0; other < row_count(x.coords); ++other) {
      const bool same_batch =
          x.coords[static_cast<size_t>(other)][0] == x.coords[static_cast<size_t>(row)][0];
      if (other != row && same_batch && beats(other, row)) ++better;
    }
    if (better < n) kept.push_back(row);
  }
  return kept;
}

inline Sparse topk(const Sparse& x, int64_t n, int64_t channel) {
  return prune(x, topk_rows(x, n, channel));
}

}  // namespace voxloom_oracle
