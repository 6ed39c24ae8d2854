// Kernel maps: every (input row, output row, kernel offset), in (out_row, k) order.
#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "oracle/coords.h"
#include "oracle/kernel.h"

namespace voxloom_oracle {

struct MapEntry {
  int64_t in_row = 0;
  int64_t out_row = 0;
  int64_t k = 0;
  bool operator==(const MapEntry&) const = default;
};

struct KernelMap {
  int64_t in_rows = 0;
  int64_t out_rows = 0;
  int64_t volume = 0;
  std::vector<MapEntry> entries;
  bool operator==(const KernelMap&) const = default;
};

enum class Direction { kForward, kTransposed };

inline void sort_entries(std::vector<MapEntry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const MapEntry& a, const MapEntry& b) {
    return std::tie(a.out_row, a.k, a.in_row) < std::tie(b.out_row, b.k, b.in_row);
  });
}

inline KernelMap empty_map(const std::vector<Coord>& in, const std::vector<Coord>& out,
                           const std::vector<Triple>& offsets) {
  return {row_count(in), row_count(out), static_cast<int64_t>(offsets.size()), {}};
}

// The row that meets `out` under one kernel offset, or -1. A probe beyond int32 is a miss.
inline int64_t probe(const RowOf& in_rows, const Coord& out, const Triple& off, const Geometry& g,
                     Direction direction) {
  std::array<Wide, 3> in{};
  if (direction == Direction::kForward) {
    in = apply_offset(out, off, g);
  } else if (!solve_offset(out, off, g, in)) {
    return -1;
  }
  if (!fits_int32(in)) return -1;
  return row_or_miss(in_rows, checked_coord(out[0], in));
}

inline KernelMap kernel_map(const std::vector<Coord>& in, const std::vector<Coord>& out,
                            const std::vector<Triple>& offsets, const Geometry& g,
                            Direction direction) {
  const RowOf in_rows = rows_by_coord(in);
  KernelMap map = empty_map(in, out, offsets);
  for (int64_t u = 0; u < map.out_rows; ++u) {
    for (int64_t k = 0; k < map.volume; ++k) {
      const int64_t v = probe(in_rows, out[static_cast<size_t>(u)], offsets[static_cast<size_t>(k)],
                              g, direction);
      if (v >= 0) map.entries.push_back({v, u, k});
    }
  }
  return map;
}

inline KernelMap forward_map(const std::vector<Coord>& in, const std::vector<Coord>& out,
                             const std::vector<Triple>& offsets, const Geometry& g = {}) {
  return kernel_map(in, out, offsets, g, Direction::kForward);
}

inline KernelMap transposed_map(const std::vector<Coord>& in, const std::vector<Coord>& out,
                                const std::vector<Triple>& offsets, const Geometry& g = {}) {
  return kernel_map(in, out, offsets, g, Direction::kTransposed);
}

inline bool same_place(const Coord& c, int64_t batch, const std::array<Wide, 3>& p) {
  return c[0] == batch && c[1] == p[0] && c[2] == p[1] && c[3] == p[2];
}

// Tests the defining equation on every (in, out, k), without look-up or division. It checks
// kernel_map in the self tests; O(N_in * N_out * K).
inline KernelMap naive_kernel_map(const std::vector<Coord>& in, const std::vector<Coord>& out,
                                  const std::vector<Triple>& offsets, const Geometry& g,
                                  Direction direction) {
  KernelMap map = empty_map(in, out, offsets);
  for (int64_t v = 0; v < map.in_rows; ++v) {
    for (int64_t u = 0; u < map.out_rows; ++u) {
      const Coord& c_in = in[static_cast<size_t>(v)];
      const Coord& c_out = out[static_cast<size_t>(u)];
      const bool forward = direction == Direction::kForward;
      const Coord& base = forward ? c_out : c_in;
      const Coord& image = forward ? c_in : c_out;
      for (int64_t k = 0; k < map.volume; ++k) {
        const auto p = apply_offset(base, offsets[static_cast<size_t>(k)], g);
        if (same_place(image, base[0], p)) map.entries.push_back({v, u, k});
      }
    }
  }
  sort_entries(map.entries);
  return map;
}

// The same map read the other way: what gradients and inverse convolutions use. k stays.
inline KernelMap swapped(const KernelMap& map) {
  KernelMap result{map.out_rows, map.in_rows, map.volume, {}};
  for (const MapEntry& e : map.entries) result.entries.push_back({e.out_row, e.in_row, e.k});
  sort_entries(result.entries);
  return result;
}

// The dense (out_rows, K) encoding: the input row, or -1 for a miss.
inline std::vector<int64_t> dense_table(const KernelMap& map) {
  std::vector<int64_t> table(static_cast<size_t>(map.out_rows * map.volume), -1);
  for (const MapEntry& e : map.entries) {
    int64_t& cell = table.at(static_cast<size_t>(e.out_row * map.volume + e.k));
    if (cell != -1) throw std::logic_error("oracle: two inputs for one (out, k)");
    cell = e.in_row;
  }
  return table;
}

// CSR by k: entries start[k] .. start[k+1]-1 belong to k, in ascending out_row.
struct CsrByOffset {
  std::vector<int64_t> start;
  std::vector<int64_t> in_row;
  std::vector<int64_t> out_row;
};

inline CsrByOffset csr_by_offset(const KernelMap& map) {
  CsrByOffset csr{{0}, {}, {}};
  for (int64_t k = 0; k < map.volume; ++k) {
    for (const MapEntry& e : map.entries) {
      if (e.k != k) continue;
      csr.in_row.push_back(e.in_row);
      csr.out_row.push_back(e.out_row);
    }
    csr.start.push_back(static_cast<int64_t>(csr.in_row.size()));
  }
  return csr;
}

}  // namespace voxloom_oracle
