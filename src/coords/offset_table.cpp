#include "coords/offset_table.h"

#include <algorithm>

#include "coords/map_blocks.h"
#include "coords/met_order.h"
#include "coords/pairs_by_row.h"
#include "core/checked.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::string_view kOffsetTableOp = "KernelMap.offset_table";

// Places for one offset: an input row and its output row each, then -1.
struct OffsetRows {
  std::int32_t* ins;
  std::int32_t* outs;
  std::int64_t places;

  void end_at(std::int64_t count) const {
    std::fill(ins + count, ins + places, -1);
    std::fill(outs + count, outs + places, -1);
  }
};

std::int32_t fill(const OffsetRows& rows, const MapBlocks& blocks, std::int64_t k,
                  PairsByRow& pairs) {
  for (std::int64_t b = 0; b < blocks.block_count(); ++b) {
    const BlockSlice slice = blocks.slice(b, k);
    for (std::int64_t i = 0; i < slice.count; ++i) {
      const std::int32_t in = slice.in_row[i], out = blocks.out_row(b, slice.out_local[i]);
      if (!pairs.add(in, out)) fail_two_partners(kOffsetTableOp, in, pairs.partner_of(in), out);
    }
  }
  std::int32_t count = 0;
  pairs.take([&](std::int32_t in, std::int32_t out) {
    rows.ins[count] = in;
    rows.outs[count++] = out;
  });
  rows.end_at(count);
  return count;
}

}  // namespace

OffsetTable offset_table_of(const KernelMap& map, bool is_mirrored) {
  const std::int64_t volume = map.volume(), sources = map.source().size();
  const std::int64_t side = checked_mul(kOffsetTableOp, volume, sources);
  const MapBlocks blocks = blocks_of(map);
  OffsetTable table;
  table.rows = Tensor::empty({2, volume, sources}, DType::i32);
  resize_or_throw(kOffsetTableOp, table.counts, volume, std::int32_t{0});
  auto* const first = table.rows.mutable_data<std::int32_t>();
  const auto rows_of = [&](std::int64_t k) {
    return OffsetRows{first + k * sources, first + side + k * sources, sources};
  };
  const std::int64_t filled = is_mirrored ? volume / 2 + 1 : volume;
  constexpr std::int64_t kTasks = 16;  // each has room for all pairs of an offset
  parallel_for(filled, ceil_div(filled, kTasks), [&](std::int64_t begin, std::int64_t end) {
    PairsByRow pairs(sources);
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int32_t count = fill(rows_of(k), blocks, k, pairs);
      table.counts[static_cast<std::size_t>(k)] = count;
      const std::int64_t other = volume - 1 - k;
      if (other < filled) continue;
      const OffsetRows from = rows_of(k), to = rows_of(other);
      std::copy_n(from.outs, count, to.ins);
      std::copy_n(from.ins, count, to.outs);
      to.end_at(count);
      table.counts[static_cast<std::size_t>(other)] = count;
    }
  });
  return table;
}

}  // namespace voxloom
