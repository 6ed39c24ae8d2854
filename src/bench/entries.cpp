#include "bench/entries.h"

#include <fmt/core.h>

namespace voxloom::bench {
namespace {

using ScenePointer = std::shared_ptr<SceneMaps>;

void add_convs(const ScenePointer& scene, const Selection& selection, int threads,
               std::vector<Entry>& to) {
  // Of a whole call on a large scene the map cases say more.
  const auto small = std::make_shared<SceneMaps>(small_scene());
  for (const ConvSpec& spec : conv_specs(selection.conv)) {
    const ScenePointer& used = spec.op == ConvOp::whole ? small : scene;
    const auto make = [=] {
      Case c = conv_case(used, spec);
      if (spec.op != ConvOp::pointwise) c.task.map_seconds = used->map_seconds(spec.cube, threads);
      return c;
    };
    to.push_back({fmt::format("{} {}->{} {}", name_of(spec), spec.channels.in, spec.channels.out,
                              spec.storage.name),
                  threads, make});
  }
}

void add_maps(const ScenePointer& scene, const Selection& selection, int threads,
              std::vector<Entry>& to) {
  const Cube cube = selection.conv.cube.value_or(Cube{});
  const auto add = [&](MapStage stage, const Cube& of) {
    to.push_back({name_of(stage, of), threads, [=] { return map_case(scene, stage, of); }});
  };
  add(MapStage::index, cube);
  add(MapStage::map, cube);
  add(MapStage::all, cube);
  if (!selection.conv.cube) add(MapStage::map, {.size = 2, .stride = 2});
}

void add_nets(const ScenePointer& scene, int threads, std::vector<Entry>& to) {
  to.push_back({"MinkUNet34C", threads, [=] { return net_case(scene); }});
}

void add_trains(const ScenePointer& scene, int threads, std::vector<Entry>& to) {
  for (const TrainPart part : {TrainPart::inference, TrainPart::forward, TrainPart::backward,
                               TrainPart::update, TrainPart::step}) {
    to.push_back({std::string(kTrainPartNames[static_cast<std::size_t>(part)]), threads,
                  [=] { return train_case(scene, part); }});
  }
}

}  // namespace

std::vector<Entry> entries_of(const ScenePointer& scene, const Selection& selection) {
  std::vector<Entry> entries;
  for (const int threads : selection.threads) {
    if (selection.maps) add_maps(scene, selection, threads, entries);
  }
  for (const int threads : selection.threads) {
    if (selection.convs) add_convs(scene, selection, threads, entries);
  }
  for (const int threads : selection.threads) {
    if (selection.nets) add_nets(scene, threads, entries);
  }
  for (const int threads : selection.threads) {
    if (selection.trains) add_trains(scene, threads, entries);
  }
  return entries;
}

}  // namespace voxloom::bench
