#include "artifact/tiles/bricks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/finite.h"

namespace voxloom::artifact {
namespace {

std::int32_t clamped(double q) {
  constexpr double kLow = std::numeric_limits<std::int32_t>::min();
  constexpr double kHigh = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp(std::floor(q), kLow, kHigh));
}

// A cell that does not fit 32 bits is the model's error to report: here it counts at the rim.
Coordinate cell_of(const std::array<float, 3>& p, const Grid& grid) {
  std::array<std::int32_t, 3> cell{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    cell[axis] =
        clamped((static_cast<double>(p[axis]) - grid.origin[axis]) / grid.voxel_size[axis]);
  }
  return {0, cell[0], cell[1], cell[2]};
}

// A leaf on its way to another process.
struct CountedLeaf {
  std::int32_t x, y, z, unused;
  std::uint64_t mask;
  std::int64_t points;
};

}  // namespace

BrickPosition brick_of(const std::array<float, 3>& point, const Grid& grid) {
  const LeafPosition brick = branch_of(leaf_of(cell_of(point, grid)));
  return {brick.x, brick.y, brick.z};
}

double brick_edge(std::int64_t position, std::size_t axis, const Grid& grid) {
  return grid.origin.at(axis) +
         grid.voxel_size.at(axis) * static_cast<double>(kBrickVoxels * position);
}

void BrickCount::add_points(const Coordinate& voxel, std::int64_t points) {
  const auto leaf = static_cast<std::size_t>(collector_.add(voxel).leaf);
  if (leaf >= points_of_leaf_.size()) points_of_leaf_.resize(leaf + 1);
  points_of_leaf_[leaf] += points;
}

void BrickCount::add(std::span<const std::array<float, 3>> points) {
  for (const std::array<float, 3>& p : points) {
    if (is_finite(p)) add_points(cell_of(p, grid_), 1);
  }
}

std::vector<std::byte> BrickCount::take_counted() {
  const std::vector<Leaf> leaves = std::exchange(collector_, LeafCollector()).take();
  const std::vector<std::int64_t> points = std::exchange(points_of_leaf_, {});
  std::vector<std::byte> bytes(leaves.size() * sizeof(CountedLeaf));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const LeafPosition& at = leaves[i].position;
    const CountedLeaf leaf = {at.x, at.y, at.z, 0, leaves[i].mask, points[i]};
    std::memcpy(bytes.data() + i * sizeof(leaf), &leaf, sizeof(leaf));
  }
  return bytes;
}

void BrickCount::add_counted(std::span<const std::byte> counted) {
  require(counted.size() % sizeof(CountedLeaf) == 0, "divide_into_tiles",
          "{} bytes are no whole count", counted.size());
  for (std::size_t at = 0; at < counted.size(); at += sizeof(CountedLeaf)) {
    CountedLeaf leaf{};
    std::memcpy(&leaf, counted.data() + at, sizeof(leaf));
    std::int64_t points = leaf.points;
    for (int bit = 0; bit < 64; ++bit) {
      if (((leaf.mask >> bit) & 1U) == 0) continue;
      add_points(coordinate_at({0, leaf.x, leaf.y, leaf.z}, bit), std::exchange(points, 0));
    }
  }
}

std::vector<Brick> BrickCount::take() {
  const std::vector<Leaf> leaves = std::exchange(collector_, LeafCollector()).take();
  const std::vector<std::int64_t> points = std::exchange(points_of_leaf_, {});
  std::map<BrickPosition, Brick> counts;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const LeafPosition at = branch_of(leaves[i].position);
    Brick& brick = counts[{at.x, at.y, at.z}];
    brick.points += points[i];
    brick.voxels += count_bits(leaves[i].mask);
  }
  std::vector<Brick> bricks;
  bricks.reserve(counts.size());
  for (const auto& [position, count] : counts) {
    bricks.push_back({position, count.points, count.voxels});
  }
  return bricks;
}

}  // namespace voxloom::artifact
