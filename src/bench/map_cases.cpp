// Building sets, indexes and maps. What a stage needs from the stages before it is made untimed.

#include <fmt/core.h>

#include <optional>

#include "bench/cases.h"

namespace voxloom::bench {
namespace {

// What one repetition makes; dropped, untimed, before the next.
struct Made {
  std::optional<CoordinateSet> set;
  std::optional<KernelMap> map;

  void clear() {
    map.reset();
    set.reset();
  }
};

void build(const CoordinateSet& set, const Cube& cube, Made& made) {
  made.map = forward_map(set, strided_support(set, cube.stride), kernel_of(cube));
  static_cast<void>(blocks_of(*made.map));
}

Case index_case(const std::shared_ptr<SceneMaps>& scene, const std::shared_ptr<Made>& made,
                Task task) {
  return {std::move(task), [=] { made->set = CoordinateSet::from_rows(scene->rows()); },
          [=] { made->clear(); }};
}

}  // namespace

std::string name_of(MapStage stage, const Cube& cube) {
  switch (stage) {
    case MapStage::index: return "coordinate index";
    case MapStage::map: return fmt::format("map {}", name_of(cube));
    case MapStage::all: return fmt::format("index + map {}", name_of(cube));
  }
  return {};
}

Case map_case(const std::shared_ptr<SceneMaps>& scene, MapStage stage, const Cube& cube) {
  const auto made = std::make_shared<Made>();
  const std::int64_t rows = scene->set().size();
  Task task;
  task.group = "map";
  task.name = name_of(stage, cube);
  task.scene = scene->name();
  task.dtype = "int32";
  task.rows_in = task.rows_out = task.voxels = rows;
  if (stage == MapStage::index) return index_case(scene, made, std::move(task));

  const KernelMap map = scene->map(cube);
  task.rows_out = map.target().size();
  task.pairs = map.size();
  task.map_bytes = bytes_of(blocks_of(map));
  if (stage == MapStage::all) {
    return {std::move(task),
            [=] {
              made->set = CoordinateSet::from_rows(scene->rows());
              build(*made->set, cube, *made);
            },
            [=] { made->clear(); }};
  }
  return {std::move(task), [=] { build(*made->set, cube, *made); },
          [=] {
            made->clear();
            made->set = CoordinateSet::from_rows(scene->rows());
          }};
}

}  // namespace voxloom::bench
