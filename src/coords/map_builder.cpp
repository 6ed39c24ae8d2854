#include "coords/map_builder.h"

#include <algorithm>
#include <optional>

#include "coords/coordinate_set_impl.h"
#include "coords/leaf_map.h"
#include "core/checked.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

// The fine row that a coarse coordinate meets under a shift, or -1.
std::int32_t fine_row(const CoordinateSet::Impl& fine, const Coordinate& c, const Triple& stride,
                      const KernelGeometry::Shift& shift) {
  return fine.row_at(fine.index().rank(c.batch, std::int64_t{c.x} * stride.x + shift.x,
                                       std::int64_t{c.y} * stride.y + shift.y,
                                       std::int64_t{c.z} * stride.z + shift.z));
}

// The coarse row that a fine coordinate meets under a shift, or -1.
std::int32_t coarse_row(const CoordinateSet::Impl& coarse, const Coordinate& f,
                        const Triple& stride, const KernelGeometry::Shift& shift) {
  const std::int64_t x = f.x - shift.x;
  const std::int64_t y = f.y - shift.y;
  const std::int64_t z = f.z - shift.z;
  if (x % stride.x != 0 || y % stride.y != 0 || z % stride.z != 0) return -1;
  return coarse.row_at(coarse.index().rank(f.batch, x / stride.x, y / stride.y, z / stride.z));
}

// Entries of one block, in (offset, local row) order.
struct BlockEntries {
  std::vector<std::int32_t> in_row;
  std::vector<std::uint8_t> out_local;
};

template <typename FindRow>
BlockEntries probe_block(const CoordinateSet::Impl& out, std::int64_t block,
                         const KernelGeometry& geometry, std::int64_t* counts,
                         const FindRow& find) {
  const auto rows = static_cast<std::int64_t>(out.rows().size());
  const std::int64_t begin = block * kBlockRows;
  const std::int64_t count = std::min(kBlockRows, rows - begin);
  BlockEntries entries;
  for (std::size_t k = 0; k < geometry.shifts.size(); ++k) {
    const std::size_t before = entries.in_row.size();
    for (std::int64_t local = 0; local < count; ++local) {
      const std::int32_t out_row = out.row_at(static_cast<std::int32_t>(begin + local));
      const std::int32_t in_row =
          find(out.rows()[static_cast<std::size_t>(out_row)], geometry.shifts[k]);
      if (in_row < 0) continue;
      entries.in_row.push_back(in_row);
      entries.out_local.push_back(static_cast<std::uint8_t>(local));
    }
    counts[k] = static_cast<std::int64_t>(entries.in_row.size() - before);
  }
  return entries;
}

template <typename FindRow>
BlockedEntries build(const CoordinateSet::Impl& out, const KernelGeometry& geometry,
                     const FindRow& find) {
  const std::int64_t volume = geometry.volume();
  const auto rows = static_cast<std::int64_t>(out.rows().size());
  const std::int64_t blocks = ceil_div(rows, kBlockRows);
  const std::int64_t slices = checked_mul("kernel_map", blocks, volume);
  std::vector<BlockEntries> parts(static_cast<std::size_t>(blocks));
  BlockedEntries result;
  result.begin.resize(static_cast<std::size_t>(slices) + 1, 0);
  parallel_for(blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      parts[static_cast<std::size_t>(b)] =
          probe_block(out, b, geometry, result.begin.data() + b * volume + 1, find);
    }
  });
  for (std::size_t i = 1; i < result.begin.size(); ++i) result.begin[i] += result.begin[i - 1];
  result.in_row.resize(static_cast<std::size_t>(result.begin.back()));
  result.out_local.resize(static_cast<std::size_t>(result.begin.back()));
  parallel_for(blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      const BlockEntries& part = parts[static_cast<std::size_t>(b)];
      const std::int64_t at = result.begin[static_cast<std::size_t>(b * volume)];
      std::ranges::copy(part.in_row, result.in_row.begin() + at);
      std::ranges::copy(part.out_local, result.out_local.begin() + at);
    }
  });
  return result;
}

}  // namespace

BlockedEntries build_blocks(const CoordinateSet& fine, const CoordinateSet& coarse,
                            const KernelGeometry& geometry, OutputSide side) {
  std::optional<BlockedEntries> entries = build_blocks_by_leaves(fine, coarse, geometry, side);
  if (!entries) entries = build_blocks_by_lookup(fine, coarse, geometry, side);
  entries->single_partner =
      geometry.volume() == 1 || (side == OutputSide::fine && geometry.has_single_partners());
  return std::move(*entries);
}

BlockedEntries build_blocks_by_lookup(const CoordinateSet& fine, const CoordinateSet& coarse,
                                      const KernelGeometry& geometry, OutputSide side) {
  const CoordinateSet::Impl& f = fine.impl();
  const CoordinateSet::Impl& c = coarse.impl();
  if (side == OutputSide::coarse) {
    return build(c, geometry, [&](const Coordinate& out, const KernelGeometry::Shift& shift) {
      return fine_row(f, out, geometry.stride, shift);
    });
  }
  return build(f, geometry, [&](const Coordinate& out, const KernelGeometry::Shift& shift) {
    return coarse_row(c, out, geometry.stride, shift);
  });
}

}  // namespace voxloom
