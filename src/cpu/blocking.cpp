#include "cpu/blocking.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/choice.h"

namespace voxloom::cpu {
ForwardBlocking::ForwardBlocking(const ConvForward& problem)
    : isa(current()), panels(split_into_panels(problem.weight.out, isa)) {
  constexpr std::int64_t kRowFloats = 4096;  // 16 KiB
  constexpr std::int64_t kTiles = 24;
  if (problem.x->dtype() != DType::f32) columns_per_strip = 256;
  if (problem.weight.packed) blocks_per_task = 4;
  if (problem.cut.columns > 0) columns_per_strip = problem.cut.columns;
  if (problem.cut.blocks > 0) blocks_per_task = problem.cut.blocks;
  const std::int64_t in = std::max<std::int64_t>(1, problem.weight.in);
  entries_per_call = std::max(kTiles, kRowFloats / in / kTiles * kTiles);
}

WeightGradientBlocking::WeightGradientBlocking(const ConvWeightGradient& problem,
                                               std::int64_t offset_floats) {
  const MapBlocks& map = problem.map;
  constexpr std::int64_t kMostFloats = std::int64_t{8} << 20;
  const std::int64_t blocks = std::max<std::int64_t>(1, map.block_count());
  const std::int64_t volume = std::max<std::int64_t>(1, map.volume);
  const std::int64_t entries = map.block_count() == 0 ? 0 : map.entries->begin.back();
  const std::int64_t per_slice = std::max<std::int64_t>(1, entries / (blocks * volume));
  blocks_per_list = std::clamp<std::int64_t>(96 / per_slice, 1, 16);
  if (problem.cut.blocks > 0) blocks_per_list = problem.cut.blocks;
  const std::int64_t lists = ceil_div(blocks, blocks_per_list);
  const std::int64_t most =
      std::min<std::int64_t>({16, entries / (256 * volume),
                              kMostFloats / std::max<std::int64_t>(1, volume * offset_floats)});
  lists_per_chunk = ceil_div(lists, std::clamp<std::int64_t>(most, 1, lists));
  chunks = ceil_div(lists, lists_per_chunk);
  offsets_per_task = std::clamp<std::int64_t>(volume * chunks / 16, 1, volume);
  offset_tasks = ceil_div(volume, offsets_per_task);
}

// The algorithm's own cut is measured anyway, and no other twice: some differ on larger problems only.
std::vector<Cut> others_than(const Cut& own, const std::vector<Cut>& cuts, std::int64_t most_blocks,
                             std::int64_t most_columns) {
  const auto effect = [&](const Cut& cut) {
    const std::int64_t blocks = cut.blocks > 0 ? cut.blocks : own.blocks;
    const std::int64_t columns = cut.columns > 0 ? cut.columns : own.columns;
    return Cut{std::min(blocks, most_blocks), std::min(columns, most_columns)};
  };
  std::vector<Cut> effects = {effect(own)}, others;
  for (const Cut& cut : cuts) {
    if (std::ranges::find(effects, effect(cut)) != effects.end()) continue;
    effects.push_back(effect(cut));
    others.push_back(cut);
  }
  return others;
}

std::vector<Cut> offset_major_cuts(const ConvForward& problem) {
  const ForwardBlocking blocking(problem);
  return others_than({blocking.blocks_per_task, blocking.columns_per_strip},
                     {{1, 0}, {2, 0}, {4, 0}, {0, 32}, {0, 64}, {0, 128}, {0, 256}},
                     problem.map.block_count(), problem.weight.out);
}

std::vector<Cut> offset_major_cuts(const ConvWeightGradient& problem) {
  const WeightGradientBlocking blocking(problem, 0);
  return others_than({blocking.blocks_per_list, 0}, {{1, 0}, {2, 0}, {4, 0}, {8, 0}, {16, 0}},
                     problem.map.block_count(), 0);
}

std::string describe(const engine::ConvForward& problem) {
  const engine::Chosen<engine::ConvForward> chosen = engine::choose(problem, engine::cpu_backend());
  const std::string_view algorithm = chosen.algorithm.name;
  if (algorithm != "offset_major") return fmt::format("{} {}", algorithm, name_of(current()));
  ConvForward as_chosen(problem);
  as_chosen.cut = chosen.cut;
  const ForwardBlocking blocking(as_chosen);
  std::string panels;
  for (const Panel& panel : blocking.panels) panels += fmt::format(" {}", panel.kernel.name);
  return fmt::format("{} {}: {} columns a strip, {} blocks a task, {} entries a call, panels{}",
                     algorithm, name_of(blocking.isa), blocking.columns_per_strip,
                     blocking.blocks_per_task, blocking.entries_per_call, panels);
}

}  // namespace voxloom::cpu
