// Coordinates to measure on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "voxloom/coordinate_set.h"

namespace voxloom::bench {

struct Scene {
  std::string name;
  std::vector<Coordinate> rows;  // unique, in the order of their source
};

// A .npy file holds rows (batch, x, y, z): int32 (N,4), little endian, C order. Any other file is a
// scan (voxloom/io.h), voxelized at `voxel_size` metres, cells in the order of their first point.
// FormatError for what the file should not hold, std::system_error when it cannot be read.
[[nodiscard]] Scene load_scene(const std::filesystem::path& path, double voxel_size = 0.05);

// Hills, a street and houses: a surface as a scanner sees it, `side` x `side` cells, row by row.
[[nodiscard]] Scene generated_scene(std::int32_t side = 256);

// About 1,000 voxels with at most 8 pairs per row under a 3x3x3 kernel: a call so small that what it
// costs is everything but arithmetic.
[[nodiscard]] Scene small_scene();

}  // namespace voxloom::bench
