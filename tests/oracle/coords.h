// Coordinates: exact arithmetic, look-up, and the canonical order (ascending batch, then ascending
// Morton code of x, y, z biased by 2^31).
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "oracle/types.h"

namespace voxloom_oracle {

using RowOf = std::map<Coord, int64_t>;

// Quotient rounded toward minus infinity; C++ division rounds toward zero.
inline Wide floor_div(Wide a, Wide b) {
  const Wide quotient = a / b;
  const bool inexact = a % b != 0;
  const bool negative = (a < 0) != (b < 0);
  return inexact && negative ? quotient - 1 : quotient;
}

inline bool fits_int32(Wide value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

inline bool fits_int32(const std::array<Wide, 3>& p) {
  return fits_int32(p[0]) && fits_int32(p[1]) && fits_int32(p[2]);
}

// For a generated coordinate: one beyond int32 is an error, never a wrapped value.
inline Coord checked_coord(int64_t batch, const std::array<Wide, 3>& p) {
  if (!fits_int32(p)) throw std::overflow_error("oracle: generated coordinate beyond int32");
  return {batch, static_cast<int64_t>(p[0]), static_cast<int64_t>(p[1]),
          static_cast<int64_t>(p[2])};
}

// Morton comparison without building the code: the first differing bit decides, from the most
// significant bit down, x before y before z within a bit.
inline bool morton_before(const Coord& a, const Coord& b) {
  constexpr int64_t kBias = int64_t{1} << 31;
  for (int bit = 31; bit >= 0; --bit) {
    for (size_t axis = 1; axis <= 3; ++axis) {
      const int64_t bit_a = ((a[axis] + kBias) >> bit) & 1;
      const int64_t bit_b = ((b[axis] + kBias) >> bit) & 1;
      if (bit_a != bit_b) return bit_a < bit_b;
    }
  }
  return false;
}

inline bool canonical_before(const Coord& a, const Coord& b) {
  if (a[0] != b[0]) return a[0] < b[0];
  return morton_before(a, b);
}

// The set of the given coordinates, each once, in canonical order.
inline std::vector<Coord> canonical_unique(const std::vector<Coord>& coords) {
  const std::set<Coord> unique(coords.begin(), coords.end());
  std::vector<Coord> result(unique.begin(), unique.end());
  std::sort(result.begin(), result.end(), canonical_before);
  return result;
}

// Coordinate -> row. Throws on a duplicate: every set in the contract is unique.
inline RowOf rows_by_coord(const std::vector<Coord>& coords) {
  RowOf rows;
  for (int64_t row = 0; row < row_count(coords); ++row) {
    const auto [it, fresh] = rows.emplace(coords[static_cast<size_t>(row)], row);
    if (!fresh) {
      throw std::invalid_argument("oracle: rows " + std::to_string(it->second) + " and " +
                                  std::to_string(row) + " hold the same coordinate");
    }
  }
  return rows;
}

// The coordinate's row, or -1 for a miss.
inline int64_t row_or_miss(const RowOf& rows, const Coord& c) {
  const auto it = rows.find(c);
  return it == rows.end() ? -1 : it->second;
}

struct SortResult {
  std::vector<Coord> coords;
  std::vector<int64_t> order;    // new row -> old row
  std::vector<int64_t> inverse;  // old row -> new row
};

inline SortResult canonical_sort(const std::vector<Coord>& coords) {
  SortResult result;
  result.order.resize(coords.size());
  std::iota(result.order.begin(), result.order.end(), int64_t{0});
  std::stable_sort(result.order.begin(), result.order.end(), [&](int64_t a, int64_t b) {
    return canonical_before(coords[static_cast<size_t>(a)], coords[static_cast<size_t>(b)]);
  });
  result.inverse.resize(coords.size());
  for (size_t row = 0; row < coords.size(); ++row) {
    const auto old_row = static_cast<size_t>(result.order[row]);
    result.coords.push_back(coords[old_row]);
    result.inverse[old_row] = static_cast<int64_t>(row);
  }
  return result;
}

// The batch count when none is given: the largest batch + 1, or 0.
inline int64_t default_batch_size(const std::vector<Coord>& coords) {
  int64_t size = 0;
  for (const Coord& c : coords) size = std::max(size, c[0] + 1);
  return size;
}

}  // namespace voxloom_oracle
