// A scene, tile by tile: gather the points, run, keep the inner ones.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "artifact/tiles/tile_halo.h"
#include "core/checked.h"
#include "core/finite.h"
#include "voxloom/tiles.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kRunInTilesOp = "run_in_tiles";

struct Members {
  std::vector<std::int32_t> points;
  std::vector<std::uint8_t> inner;
};

// The model says what becomes of points that are not finite; one run is enough to ask it.
Members members_of(std::span<const std::array<float, 3>> points, const Tile& tile,
                   const Reach& reach, bool takes_invalid) {
  const Halo halo = halo_of(tile, reach);
  Members members;
  members.points.reserve(static_cast<std::size_t>(tile.points));
  members.inner.reserve(static_cast<std::size_t>(tile.points));
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool valid = is_finite(points[i]);
    if (valid ? !is_in(points[i], halo) : !takes_invalid) continue;
    members.points.push_back(static_cast<std::int32_t>(i));
    members.inner.push_back(!valid || is_inner(points[i], tile) ? 1 : 0);
  }
  return members;
}

Tensor gathered_rows(const Tensor& tensor, std::span<const std::int32_t> rows) {
  Shape shape = tensor.shape();
  const std::size_t bytes = shape[0] == 0 ? 0 : tensor.bytes() / static_cast<std::size_t>(shape[0]);
  shape[0] = static_cast<std::int64_t>(rows.size());
  Tensor result = Tensor::empty(shape, tensor.dtype());
  std::byte* to = result.mutable_raw();
  for (const std::int32_t row : rows) {
    std::memcpy(to, tensor.raw() + static_cast<std::size_t>(row) * bytes, bytes);
    to += bytes;
  }
  return result;
}

void scatter_inner(const TileRun& run, const Tensor& from, Tensor& to) {
  const auto rows = static_cast<std::size_t>(from.dim(0));
  const std::size_t bytes = rows == 0 ? 0 : from.bytes() / rows;
  std::byte* target = to.mutable_raw();
  for (std::size_t i = 0; i < rows; ++i) {
    if (run.inner[i] == 0) continue;
    std::memcpy(target + static_cast<std::size_t>(run.points[i]) * bytes, from.raw() + i * bytes,
                bytes);
  }
}

bool is_count(const Graph& graph, const Graph::Input& input) {
  return std::get<TensorType>(graph.value(input.value).type).dims == Shape{1};
}

// The input that voxelize takes its positions from.
const Graph::Input& points_input(const Graph& graph) {
  for (const Graph::Op& op : graph.ops) {
    if (!op.name.ends_with(".voxelize")) continue;
    const auto found = std::ranges::find(graph.inputs, op.operands[0], &Graph::Input::value);
    if (found != graph.inputs.end()) return *found;
  }
  fail(kRunInTilesOp, "the graph puts no points into voxels");
}

const Tensor& named(const TensorMap& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  require(found != inputs.end(), kRunInTilesOp, "the input '{}' is missing", name);
  return found->second;
}

void check_rows(const Graph& graph, const TensorMap& inputs, std::int64_t count) {
  for (const Graph::Input& input : graph.inputs) {
    const Tensor& tensor = named(inputs, input.name);
    if (is_count(graph, input)) {
      const bool counts_all = tensor.dtype() == DType::i32 && tensor.size() == 1 &&
                              tensor.data<std::int32_t>()[0] == count;
      require(counts_all, kRunInTilesOp, "the input '{}' must count all {} points", input.name,
              count);
    } else {
      require(tensor.rank() >= 1 && tensor.dim(0) == count, kRunInTilesOp,
              "the input '{}' must have a row for each of the {} points, got {}", input.name, count,
              tensor.shape());
    }
  }
}

TensorMap inputs_of(const Graph& graph, const TensorMap& inputs,
                    std::span<const std::int32_t> points) {
  TensorMap result;
  for (const Graph::Input& input : graph.inputs) {
    const auto count = static_cast<std::int32_t>(points.size());
    result.emplace(input.name, is_count(graph, input)
                                   ? Tensor::from(std::vector{count}, {1})
                                   : gathered_rows(named(inputs, input.name), points));
  }
  return result;
}

std::span<const std::array<float, 3>> positions_in(const Tensor& points) {
  require(points.dtype() == DType::f32 && points.rank() == 2 && points.dim(1) == 3, kRunInTilesOp,
          "points must be (P,3) float32, got {} {}", points.shape(), name_of(points.dtype()));
  static_assert(sizeof(std::array<float, 3>) == 3 * sizeof(float));
  return {reinterpret_cast<const std::array<float, 3>*>(points.data<float>()),
          static_cast<std::size_t>(points.dim(0))};
}

}  // namespace

void for_each_tile(const Model& model, std::span<const std::array<float, 3>> points,
                   std::span<const Tile> tiles, const Reach& reach,
                   const TileCallbacks& callbacks) {
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    if (callbacks.on_tile) callbacks.on_tile(i, tiles.size());
    const Members members = members_of(points, tiles[i], reach, i == 0);
    const Results results = model.run(callbacks.inputs(members.points));
    callbacks.keep({members.points, members.inner, results});
  }
}

Results run_in_tiles(const Model& model, const TensorMap& inputs, const TileOptions& options) {
  const Graph& graph = model.graph();
  const Reach reach = receptive_field(graph);
  const auto points = positions_in(named(inputs, points_input(graph).name));
  check_rows(graph, inputs, static_cast<std::int64_t>(points.size()));
  const std::vector<Tile> tiles = divide_into_tiles(
      points, {.reach = reach, .cost = run_cost(model), .memory = options.memory});
  if (tiles.size() <= 1) return model.run(inputs);
  Results results;
  const auto keep = [&](const TileRun& run) {
    for (const auto& [name, result] : run.results) {
      const auto& part = std::get<Tensor>(result);
      Shape shape = part.shape();
      shape[0] = static_cast<std::int64_t>(points.size());
      const auto place = results.try_emplace(name, Tensor::zeros(shape, part.dtype())).first;
      scatter_inner(run, part, std::get<Tensor>(place->second));
    }
  };
  for_each_tile(model, points, tiles, reach,
                {.inputs = [&](auto rows) { return inputs_of(graph, inputs, rows); },
                 .keep = keep,
                 .on_tile = options.on_tile});
  return results;
}

}  // namespace voxloom::artifact
