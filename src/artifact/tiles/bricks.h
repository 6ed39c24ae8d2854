// Where the points and voxels of a scene are, counted in bricks of 16 x 16 x 16 voxels of the finest grid: all that
// cutting it into tiles wants to know of the points, which may come in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "coords/leaf_index.h"
#include "voxloom/tiles.h"

namespace voxloom::artifact {

inline constexpr std::int64_t kBrickVoxels = 16;  // a branch of leaves

using BrickPosition = std::array<std::int32_t, 3>;

struct Brick {
  BrickPosition position;
  std::int64_t points = 0, voxels = 0;
};

// Of a finite point.
[[nodiscard]] BrickPosition brick_of(const std::array<float, 3>& point, const Grid& grid);
// Where bricks with this position along an axis begin.
[[nodiscard]] double brick_edge(std::int64_t position, std::size_t axis, const Grid& grid);

class BrickCount {
 public:
  explicit BrickCount(const Grid& grid) : grid_(grid) {}

  // Points that are not finite are in no brick.
  void add(std::span<const std::array<float, 3>> points);
  // What was counted, for the count of another process. It is empty afterwards.
  [[nodiscard]] std::vector<std::byte> take_counted();
  void add_counted(std::span<const std::byte> counted);
  // By their position. Nothing is counted afterwards.
  [[nodiscard]] std::vector<Brick> take();

 private:
  void add_points(const Coordinate& voxel, std::int64_t points);

  Grid grid_;
  LeafCollector collector_;
  std::vector<std::int64_t> points_of_leaf_;
};

// As divide_into_tiles.
[[nodiscard]] std::vector<Tile> divide_bricks(std::vector<Brick> bricks, const TileRule& rule);

}  // namespace voxloom::artifact
