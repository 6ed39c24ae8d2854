// Where a scene is cut: recursively, until each tile fits the memory with its halo.
//
// Points and voxels are counted in bricks of 16 x 16 x 16 voxels of the finest grid. Cuts run between
// bricks, so that a tile's inner points are those of its bricks; what the halo holds is counted in
// whole bricks, which is never too little.
#include <algorithm>
#include <cmath>
#include <limits>

#include "artifact/tiles/bricks.h"
#include "artifact/tiles/tile_halo.h"
#include "core/checked.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kDivideIntoTilesOp = "divide_into_tiles";
constexpr double kEndless = std::numeric_limits<double>::infinity();

// In bricks, both ends inside.
struct BrickBox {
  BrickPosition low, high;
};

class Division {
 public:
  Division(const TileRule& rule, std::vector<Brick> bricks)
      : rule_(rule), bricks_(std::move(bricks)) {}

  std::vector<Tile> run() {
    if (bricks_.empty()) return {};
    std::vector<std::int32_t> all(bricks_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int32_t>(i);
    constexpr std::array<double, 3> kLow = {-kEndless, -kEndless, -kEndless};
    constexpr std::array<double, 3> kHigh = {kEndless, kEndless, kEndless};
    divide({.low = kLow, .high = kHigh}, all, all);
    return std::move(tiles_);
  }

 private:
  using Numbers = std::vector<std::int32_t>;

  // `inner`: the bricks in the tile; `near`: those in its halo as well.
  void divide(Tile tile, const Numbers& inner, const Numbers& near) {
    for (const std::int32_t i : near) {
      tile.points += brick(i).points;
      tile.voxels += brick(i).voxels;
    }
    const double bytes = rule_.cost.per_point * static_cast<double>(tile.points) +
                         rule_.cost.per_voxel * static_cast<double>(tile.voxels);
    if (bytes <= static_cast<double>(rule_.memory)) return tiles_.push_back(tile);
    const BrickBox box = box_of(inner);
    const int axis = longest(box);
    const auto a = static_cast<std::size_t>(axis);
    require(
        box.high[a] > box.low[a], kDivideIntoTilesOp,
        "{:.3f} GB are too little: a tile of one brick with its halo holds {} points in {} voxels "
        "and takes about {:.3f} GB",
        static_cast<double>(rule_.memory) * 1e-9, tile.points, tile.voxels, bytes * 1e-9);
    const auto middle =
        static_cast<std::int32_t>(floor_div(std::int64_t{box.low[a]} + box.high[a] + 1, 2));
    Tile lower{.low = tile.low, .high = tile.high}, upper = lower;
    lower.high[a] = upper.low[a] = brick_edge(middle, a, rule_.reach.grid);
    divide(lower, below(inner, axis, middle, true), touching(lower, near));
    divide(upper, below(inner, axis, middle, false), touching(upper, near));
  }

  [[nodiscard]] const Brick& brick(std::int32_t i) const {
    return bricks_[static_cast<std::size_t>(i)];
  }

  [[nodiscard]] BrickBox box_of(const Numbers& numbers) const {
    BrickBox box{brick(numbers.front()).position, brick(numbers.front()).position};
    for (const std::int32_t i : numbers) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        box.low[axis] = std::min(box.low[axis], brick(i).position[axis]);
        box.high[axis] = std::max(box.high[axis], brick(i).position[axis]);
      }
    }
    return box;
  }

  [[nodiscard]] int longest(const BrickBox& box) const {
    int best = 0;
    double most = -1;
    for (int axis = 0; axis < 3; ++axis) {
      const auto a = static_cast<std::size_t>(axis);
      const double side = (static_cast<double>(box.high[a]) - static_cast<double>(box.low[a])) *
                          rule_.reach.grid.voxel_size[a];
      if (side > most) {
        most = side;
        best = axis;
      }
    }
    return best;
  }

  [[nodiscard]] Numbers below(const Numbers& numbers, int axis, std::int32_t middle,
                              bool lower) const {
    Numbers result;
    for (const std::int32_t i : numbers) {
      if ((brick(i).position[static_cast<std::size_t>(axis)] < middle) == lower) {
        result.push_back(i);
      }
    }
    return result;
  }

  [[nodiscard]] Numbers touching(const Tile& tile, const Numbers& numbers) const {
    const Halo halo = halo_of(tile, rule_.reach);
    Numbers result;
    for (const std::int32_t i : numbers) {
      bool touches = true;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const std::int64_t position = brick(i).position[axis];
        touches = touches && brick_edge(position, axis, rule_.reach.grid) <= halo.high[axis] &&
                  brick_edge(position + 1, axis, rule_.reach.grid) >= halo.low[axis];
      }
      if (touches) result.push_back(i);
    }
    return result;
  }

  const TileRule& rule_;
  std::vector<Brick> bricks_;
  std::vector<Tile> tiles_;
};

// How far float32 moves two points near `edge` against each other on their way to a cell: size, origin, difference and
// quotient are each rounded, by 2^-24 of themselves. Reaches have one cell for either point already, which is more as
// far as 2^22 cells from the origin.
double rounding_at(double edge, const Grid& grid, std::size_t axis) {
  if (!grid.in_float32 || !std::isfinite(edge)) return 0;
  return std::ldexp(std::abs(edge - grid.origin[axis]) + std::abs(grid.origin[axis]), -21);
}

}  // namespace

Halo halo_of(const Tile& tile, const Reach& reach) {
  Halo halo;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double slack = reach.grid.voxel_size[axis] / 2;
    halo.low[axis] =
        tile.low[axis] - reach.below[axis] - slack - rounding_at(tile.low[axis], reach.grid, axis);
    halo.high[axis] = tile.high[axis] + reach.above[axis] + slack +
                      rounding_at(tile.high[axis], reach.grid, axis);
  }
  return halo;
}

std::int64_t count_voxels(std::span<const std::array<float, 3>> points, const Grid& grid) {
  BrickCount count(grid);
  count.add(points);
  std::int64_t voxels = 0;
  for (const Brick& brick : count.take()) voxels += brick.voxels;
  return voxels;
}

std::vector<Tile> divide_bricks(std::vector<Brick> bricks, const TileRule& rule) {
  return with_memory_errors(kDivideIntoTilesOp,
                            [&] { return Division(rule, std::move(bricks)).run(); });
}

std::vector<Tile> divide_into_tiles(std::span<const std::array<float, 3>> points,
                                    const TileRule& rule) {
  require_row_count(kDivideIntoTilesOp, static_cast<std::int64_t>(points.size()));
  return with_memory_errors(kDivideIntoTilesOp, [&] {
    BrickCount count(rule.reach.grid);
    count.add(points);
    return divide_bricks(count.take(), rule);
  });
}

}  // namespace voxloom::artifact
