#include "cpu/plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace voxloom::cpu {
namespace {

std::int64_t divide_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit; }

}  // namespace

ForwardPlan::ForwardPlan(const ConvForward& problem)
    : isa(current()), panels(split_into_panels(problem.weight.out, isa)) {
  constexpr std::int64_t kRowFloats = 4096;  // 16 KiB
  constexpr std::int64_t kTiles = 24;
  if (problem.x->dtype() != DType::f32) columns_per_pass = 256;
  if (problem.weight.packed) blocks_per_task = 4;
  const std::int64_t in = std::max<std::int64_t>(1, problem.weight.in);
  entries_per_call = std::max(kTiles, kRowFloats / in / kTiles * kTiles);
}

WeightGradientPlan::WeightGradientPlan(const MapBlocks& map, std::int64_t offset_floats) {
  constexpr std::int64_t kMostFloats = std::int64_t{8} << 20;
  const std::int64_t blocks = std::max<std::int64_t>(1, map.block_count());
  const std::int64_t volume = std::max<std::int64_t>(1, map.volume);
  const std::int64_t entries = map.block_count() == 0 ? 0 : map.entries->begin.back();
  const std::int64_t per_slice = std::max<std::int64_t>(1, entries / (blocks * volume));
  blocks_per_list = std::clamp<std::int64_t>(96 / per_slice, 1, 16);
  const std::int64_t lists = divide_up(blocks, blocks_per_list);
  const std::int64_t most =
      std::min<std::int64_t>({16, entries / (256 * volume),
                              kMostFloats / std::max<std::int64_t>(1, volume * offset_floats)});
  lists_per_chunk = divide_up(lists, std::clamp<std::int64_t>(most, 1, lists));
  chunks = divide_up(lists, lists_per_chunk);
  offsets_per_task = std::clamp<std::int64_t>(volume * chunks / 16, 1, volume);
  offset_tasks = divide_up(volume, offsets_per_task);
}

std::string describe(const ConvForward& problem) {
  const std::string_view algorithm = chosen_forward(problem).name;
  if (algorithm != "offset_major") return fmt::format("{} {}", algorithm, name_of(current()));
  const ForwardPlan plan(problem);
  std::string panels;
  for (const Panel& panel : plan.panels) panels += fmt::format(" {}", panel.kernel.name);
  return fmt::format("{} {}: {} columns a pass, {} blocks a task, {} entries a call, panels{}",
                     algorithm, name_of(plan.isa), plan.columns_per_pass, plan.blocks_per_task,
                     plan.entries_per_call, panels);
}

}  // namespace voxloom::cpu
