// Building sets, indexes and maps. What a stage needs from the stages before it is made untimed.

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
  static_cast<void>(made.map->blocks());
}

Case index_case(const std::shared_ptr<SceneMaps>& scene, const std::shared_ptr<Made>& made,
                Task task) {
  task.name = "coordinate index";
  return {std::move(task), [=] { made->set = CoordinateSet::from_rows(scene->rows()); },
          [=] { made->clear(); }};
}

}  // namespace

Case map_case(const std::shared_ptr<SceneMaps>& scene, MapStage stage, const Cube& cube) {
  const auto made = std::make_shared<Made>();
  const std::int64_t rows = scene->set().size();
  Task task;
  task.group = "map";
  task.scene = scene->name();
  task.dtype = "int32";
  task.rows_in = task.rows_out = task.voxels = rows;
  if (stage == MapStage::index) return index_case(scene, made, std::move(task));

  const KernelMap map = scene->map(cube);
  task.rows_out = map.target().size();
  task.pairs = map.size();
  task.map_bytes = bytes_of(map.blocks());
  if (stage == MapStage::all) {
    task.name = "index + map " + name_of(cube);
    return {std::move(task),
            [=] {
              made->set = CoordinateSet::from_rows(scene->rows());
              build(*made->set, cube, *made);
            },
            [=] { made->clear(); }};
  }
  task.name = "map " + name_of(cube);
  return {std::move(task), [=] { build(*made->set, cube, *made); },
          [=] {
            made->clear();
            made->set = CoordinateSet::from_rows(scene->rows());
          }};
}

}  // namespace voxloom::bench
