// Scenes too large for the memory: a network over points runs tile by tile, with the result of one
// run over the whole, bit for bit.
//
//   const auto model = artifact::Model::load("segmenter.lattice");
//   const auto results = artifact::run_in_tiles(model, inputs, {.memory = 2e9});
//
// A tile is a box. Its inner points get their results from a run over all points of the box and of a
// halo as wide as the network looks; coordinates stay what they are. docs/large_scenes.md.
//
// Bit for bit: without plans of `voxloom tune`, which may choose another algorithm for fewer rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "voxloom/artifact.h"
#include "voxloom/export.h"
#include "voxloom/points.h"

namespace VOXLOOM_API voxloom {
namespace artifact {

// A result at p depends on the points from p - below to p + above alone, both safe bounds, in the unit
// of the points.
struct Reach {
  std::array<double, 3> below = {0, 0, 0}, above = {0, 0, 0};
  Grid grid = {};  // the finest one that points are put in; in_float32 where any of them is
};

// Of the outputs that stand at points. std::invalid_argument, which names the operation, for a graph
// that looks without bounds (a pool over the scene, the k best voxels, ...) or does not go from
// points to points.
[[nodiscard]] Reach receptive_field(const Graph& graph);

// What a run takes at its peak, beyond its inputs' caller: bytes for each point and each voxel of the
// finest grid, from the values that are alive together.
struct RunCost {
  double per_point = 0, per_voxel = 0;
};
[[nodiscard]] RunCost run_cost(const Model& model);

struct Tile {
  std::array<double, 3> low, high;      // inner points: low <= p < high
  std::int64_t points = 0, voxels = 0;  // at most, with the halo
};

// Cells of the grid that hold a finite point.
[[nodiscard]] std::int64_t count_voxels(std::span<const std::array<float, 3>> points,
                                        const Grid& grid);

struct TileRule {
  Reach reach = {};
  RunCost cost = {};
  std::size_t memory = 0;  // bytes that a run over one tile may take
};

// Boxes that hold every finite point once. One tile when the whole fits; else cut in two across the
// longer side until each part fits with its halo. std::invalid_argument when the halo alone is too
// much: the message says how much a tile needs.
[[nodiscard]] std::vector<Tile> divide_into_tiles(std::span<const std::array<float, 3>> points,
                                                  const TileRule& rule);

struct TileRun {
  std::span<const std::int32_t> points;  // of the tile and its halo, ascending
  std::span<const std::uint8_t> inner;   // of each: 1 for an inner point
  const Results& results;
};
struct TileCallbacks {
  // The model's inputs for these points, in this order.
  std::function<TensorMap(std::span<const std::int32_t> points)> inputs;
  // After each tile. Each point is inner in one of the runs.
  std::function<void(const TileRun&)> keep;
  // Before each tile; throws to stop. May be empty.
  std::function<void(std::size_t tile, std::size_t tiles)> on_tile = {};
};
// Holds one tile's inputs and results at a time. A point that is not finite belongs to the first tile.
void for_each_tile(const Model& model, std::span<const std::array<float, 3>> points,
                   std::span<const Tile> tiles, const Reach& reach, const TileCallbacks& callbacks);

struct TileOptions {
  std::size_t memory = 0;  // bytes beyond inputs and results
  std::function<void(std::size_t tile, std::size_t tiles)> on_tile = {};
};
// As Model::run, for graphs with bounded reach whose inputs have a row for each point, but for
// `active`, which must count all of them.
[[nodiscard]] Results run_in_tiles(const Model& model, const TensorMap& inputs,
                                   const TileOptions& options);

}  // namespace artifact
}  // namespace voxloom
