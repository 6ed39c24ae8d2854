#include "coords/met_order.h"

#include <utility>

#include "coords/coordinate_set_impl.h"
#include "coords/pairs_by_row.h"
#include "coords/support.h"
#include "core/checked.h"

namespace voxloom {

void fail_two_partners(std::string_view op, std::int32_t in, std::int32_t met, std::int32_t out) {
  fail(op, "input row {} meets output rows {} and {} under one offset", in, met, out);
}

std::vector<std::int32_t> rows_as_met(std::string_view op, const MapBlocks& blocks,
                                      std::int64_t sources) {
  const std::int64_t block_count = blocks.block_count();
  std::vector<std::uint8_t> is_met(static_cast<std::size_t>(block_count * kBlockRows), 0);
  std::vector<std::int64_t> left(static_cast<std::size_t>(block_count));
  for (std::int64_t b = 0; b < block_count; ++b) {
    left[static_cast<std::size_t>(b)] = blocks.rows_in(b);
  }
  std::vector<std::int32_t> order;
  order.reserve(static_cast<std::size_t>(blocks.out_rows));
  PairsByRow found(sources);
  for (std::int64_t k = 0; k < blocks.volume; ++k) {
    for (std::int64_t b = 0; b < block_count; ++b) {
      std::int64_t& missing = left[static_cast<std::size_t>(b)];
      if (missing == 0) continue;
      const BlockSlice slice = blocks.slice(b, k);
      for (std::int64_t i = 0; i < slice.count; ++i) {
        const std::uint8_t local = slice.out_local[i];
        if (std::exchange(is_met[static_cast<std::size_t>(b * kBlockRows + local)], 1) != 0) {
          continue;
        }
        --missing;
        const std::int32_t in = slice.in_row[i], out = blocks.out_row(b, local);
        if (!found.add(in, out)) fail_two_partners(op, in, found.partner_of(in), out);
      }
    }
    found.take([&](std::int32_t, std::int32_t out) { order.push_back(out); });
  }
  return order;
}

Reached reached_as_met(std::string_view op, const CoordinateSet& source, const KernelSpec& kernel,
                       OutputSide side, const std::optional<Bounds>& bounds) {
  const KernelGeometry geometry = KernelGeometry::from(op, kernel);
  if (bounds) require_bounds(op, *bounds);
  const bool is_forward = side == OutputSide::coarse;
  return with_memory_errors(op, [&] {
    const CoordinateSet sorted = set_from_index(reached_index(op, source, geometry, side, bounds),
                                                source.stride(), source.batch_size());
    BlockedEntries entries =
        build_blocks(is_forward ? source : sorted, is_forward ? sorted : source, geometry, side);
    MapBlocks blocks;
    blocks.entries = &entries;
    blocks.out_rows = sorted.size();
    blocks.volume = geometry.volume();
    CoordinateSet set = set_in_order(sorted, rows_as_met(op, blocks, source.size()));
    KernelMap map =
        is_forward ? forward_map(source, set, kernel) : transposed_map(source, set, kernel);
    keep_entries(map, std::move(entries));  // blocks follow canonical order, whatever the rows'
    return Reached{std::move(set), std::move(map)};
  });
}

}  // namespace voxloom
