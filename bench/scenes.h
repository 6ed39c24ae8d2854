// Scenes for benchmarks: int32 (N,4) .npy files, KITTI-style .bin scans voxelized at 0.05 m, or a
// generated surface.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "voxloom/coordinate_set.h"

namespace voxloom::bench {

inline std::vector<char> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Rows in the order of the file. Version 1 headers, which is what numpy writes for plain arrays.
inline std::vector<Coordinate> read_npy(const std::string& path) {
  const std::vector<char> bytes = read_bytes(path);
  if (bytes.size() < 10) return {};
  std::uint16_t header = 0;
  std::memcpy(&header, bytes.data() + 8, 2);
  const std::size_t at = 10U + header;
  std::vector<Coordinate> rows((bytes.size() - at) / sizeof(Coordinate));
  std::memcpy(rows.data(), bytes.data() + at, rows.size() * sizeof(Coordinate));
  return rows;
}

// float32 x, y, z, intensity; cells in the order of their first point.
inline std::vector<Coordinate> read_scan(const std::string& path, float voxel = 0.05F) {
  const std::vector<char> bytes = read_bytes(path);
  std::set<std::array<std::int32_t, 3>> seen;
  std::vector<Coordinate> rows;
  for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) {
    float p[3];
    std::memcpy(p, bytes.data() + at, sizeof(p));
    const auto cell = [&](float v) {
      return static_cast<std::int32_t>(std::floor(double{v} / double{voxel}));
    };
    const std::array<std::int32_t, 3> c{cell(p[0]), cell(p[1]), cell(p[2])};
    if (seen.insert(c).second) rows.push_back({0, c[0], c[1], c[2]});
  }
  return rows;
}

// A wavy sheet of about side * side voxels, in scan order.
inline std::vector<Coordinate> wavy_sheet(std::int32_t side) {
  std::vector<Coordinate> rows;
  for (std::int32_t x = 0; x < side; ++x) {
    for (std::int32_t y = 0; y < side; ++y) {
      const double h = 12.0 * std::sin(x * 0.05) * std::cos(y * 0.04);
      rows.push_back({0, x, y, static_cast<std::int32_t>(std::floor(h))});
    }
  }
  return rows;
}

inline std::vector<Coordinate> load_scene(const std::string& path) {
  if (path.ends_with(".npy")) return read_npy(path);
  if (path.ends_with(".bin")) return read_scan(path);
  return wavy_sheet(300);
}

}  // namespace voxloom::bench
