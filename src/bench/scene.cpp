#include "bench/scene.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <system_error>

#include "bench/npy.h"
#include "core/random.h"
#include "voxloom/io.h"
#include "voxloom/points.h"

namespace voxloom::bench {
namespace {

std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::max<std::streamoff>(size, 0)));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file || size < 0) {
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("[scene] cannot read '{}'", path.string()));
  }
  return bytes;
}

// Cells in the order of their first point.
std::vector<Coordinate> voxels_of(const Scan& scan, double voxel_size) {
  // Wide positions lose nothing when they are taken from the scan's own corner; float32 ones are
  // taken as they are.
  const bool wide = scan.position_type != ColumnType::f32;
  const Tensor points = to_points(scan, wide ? bounds(scan).low : std::array<double, 3>{});
  const Voxelized voxels = voxelize(points, {}, {},
                                    {.grid = {.voxel_size = {voxel_size, voxel_size, voxel_size}},
                                     .reduction = Reduction::count});
  std::vector<bool> seen(static_cast<std::size_t>(voxels.tensor.rows()));
  std::vector<Coordinate> rows;
  for (const std::int32_t row : voxels.row_of_point) {
    if (seen[static_cast<std::size_t>(row)]) continue;
    seen[static_cast<std::size_t>(row)] = true;
    rows.push_back(voxels.tensor.coords()[row]);
  }
  return rows;
}

std::int32_t ground_height(std::int32_t x, std::int32_t y) {
  return static_cast<std::int32_t>(std::floor(9.0 * std::sin(0.031 * x) * std::cos(0.043 * y)));
}

// One house in each 64 x 64 lot, off the lot's edges.
bool is_house(std::int32_t x, std::int32_t y) {
  return x % 64 >= 20 && x % 64 < 44 && y % 64 >= 24 && y % 64 < 40;
}

}  // namespace

Scene load_scene(const std::filesystem::path& path, double voxel_size) {
  if (path.extension() == ".npy") {
    return {path.stem().string(), parse_npy(read_bytes(path), path.string())};
  }
  const Scan scan = read_scan(path, {.invalid = InvalidPoints::drop});
  return {path.stem().string(), voxels_of(scan, voxel_size)};
}

Scene generated_scene(std::int32_t side) {
  constexpr std::int32_t kHouseHeight = 24;
  Scene scene{"generated", {}};
  for (std::int32_t x = 0; x < side; ++x) {
    for (std::int32_t y = 0; y < side; ++y) {
      const std::int32_t ground = ground_height(x, y);
      if (!is_house(x, y)) {
        scene.rows.push_back({0, x, y, ground});
        continue;
      }
      const bool wall =
          !is_house(x - 1, y) || !is_house(x + 1, y) || !is_house(x, y - 1) || !is_house(x, y + 1);
      for (std::int32_t z = wall ? ground : kHouseHeight; z <= kHouseHeight; ++z) {
        scene.rows.push_back({0, x, y, z});
      }
    }
  }
  return scene;
}

Scene small_scene() {
  constexpr std::size_t kRows = 1000;
  constexpr float kPresent = 0.8F;  // of a sheet's cells: about 7 pairs per row
  Random random(1);
  Scene scene{"small", {}};
  for (std::int32_t x = 0; scene.rows.size() < kRows; ++x) {
    for (std::int32_t y = 0; y < 32 && scene.rows.size() < kRows; ++y) {
      if (random.uniform() < kPresent) scene.rows.push_back({0, x, y, ground_height(x, y)});
    }
  }
  return scene;
}

}  // namespace voxloom::bench
