#include "coords/leaf_order.h"

#include <algorithm>
#include <bit>

#include "coords/leaf_index.h"
#include "coords/order.h"
#include "coords/radix_sort.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::int64_t kGrain = radix::kGrain;

std::uint32_t magnitude(
    std::int32_t c) {  // |c|, or |c| - 1 for negatives: the bits beside the sign
  return static_cast<std::uint32_t>(c < 0 ? ~c : c);
}

struct Extent {
  std::uint32_t axes = 0;     // magnitudes of all axes, or-ed
  std::uint32_t batches = 0;  // batches, or-ed
};

Extent extent_of(std::span<const Coordinate> rows) {
  std::vector<Extent> parts((rows.size() + kGrain - 1) / kGrain);
  parallel_for(static_cast<std::int64_t>(rows.size()), kGrain,
               [&](std::int64_t begin, std::int64_t end) {
                 Extent part;
                 for (std::int64_t i = begin; i < end; ++i) {
                   const Coordinate& c = rows[static_cast<std::size_t>(i)];
                   part.axes |= magnitude(c.x) | magnitude(c.y) | magnitude(c.z);
                   part.batches |= static_cast<std::uint32_t>(c.batch);
                 }
                 parts[static_cast<std::size_t>(begin / kGrain)] = part;
               });
  Extent all;
  for (const Extent& part : parts) {
    all.axes |= part.axes;
    all.batches |= part.batches;
  }
  return all;
}

}  // namespace

LeafOrder::LeafOrder(std::span<const Coordinate> rows)
    : items_(rows.size()),
      rows_(rows),
      row_bits_(std::bit_width(std::max<std::size_t>(rows.size(), 2) - 1)) {
  if (rows.empty()) return;
  const Extent extent = extent_of(rows);
  // One more for the sign; at least the two bits of a place within a leaf.
  const int axis_bits = std::max(2, static_cast<int>(std::bit_width(extent.axes))) + 1;
  if (3 * axis_bits + std::bit_width(extent.batches) + row_bits_ <= 64 && axis_bits <= 21) {
    axis_bits_ = axis_bits;
    sort_narrow(rows, axis_bits);
  } else {
    sort_wide(rows);
  }
}

// Between the sign and the bits that magnitudes use, a two's complement number repeats its sign: on
// those bits two axes differ exactly if their signs do, which the sign bit has already decided.
// Leaving them out therefore keeps the Z-order.
void LeafOrder::sort_narrow(std::span<const Coordinate> rows, int axis_bits) {
  const auto half = std::uint32_t{1} << (axis_bits - 1);
  const auto spread = [half](std::int32_t c) {
    return spread3(static_cast<std::uint32_t>(c) + half);
  };
  const auto key_of = [&](const Coordinate& c) {
    return (spread(c.x) << 2) | (spread(c.y) << 1) | spread(c.z) |
           (std::uint64_t{static_cast<std::uint32_t>(c.batch)} << (3 * axis_bits));
  };
  const std::uint64_t first = key_of(rows.front());
  std::vector<std::uint64_t> varying((rows.size() + kGrain - 1) / kGrain);
  std::vector<char> ascending(varying.size());
  parallel_for(size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    std::uint64_t differ = 0;
    bool is_ascending = true;
    std::uint64_t last =
        key_of(rows[static_cast<std::size_t>(std::max<std::int64_t>(begin - 1, 0))]);
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const std::uint64_t key = key_of(rows[i]);
      differ |= key ^ first;
      is_ascending = is_ascending && last <= key;
      last = key;
      items_[i] = (key << row_bits_) | i;
    }
    varying[static_cast<std::size_t>(begin / kGrain)] = differ;
    ascending[static_cast<std::size_t>(begin / kGrain)] = is_ascending;
  });
  if (std::ranges::all_of(ascending, [](char part) { return part != 0; })) return;
  std::uint64_t differ = 0;
  for (const std::uint64_t part : varying) differ |= part;
  radix_sort(items_, row_bits_ + 6, row_bits_ + std::bit_width(differ),
             [](std::uint64_t item) { return item; });
}

// Keys of 128 bits, half by half: first the low 21 bits of each axis, then, in the order found, the
// batch and the high 11 bits of each axis. Sorting is stable, so the second half decides.
void LeafOrder::sort_wide(std::span<const Coordinate> rows) {
  struct Keyed {
    std::uint64_t key;
    std::int32_t row;
  };
  const auto biased = [](std::int32_t c) { return static_cast<std::uint32_t>(c) ^ 0x80000000U; };
  const auto interleaved = [&](const Coordinate& c, int from) {
    return (spread3(biased(c.x) >> from) << 2) | (spread3(biased(c.y) >> from) << 1) |
           spread3(biased(c.z) >> from);
  };
  constexpr int kLowBits = 21;
  const auto key_of = [](const Keyed& keyed) { return keyed.key; };
  UninitializedVector<Keyed> keyed(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    keyed[i] = {interleaved(rows[i], 0), static_cast<std::int32_t>(i)};
  }
  radix_sort(keyed, 6, 3 * kLowBits, key_of);
  for (Keyed& each : keyed) {
    const Coordinate& c = rows[static_cast<std::size_t>(each.row)];
    each.key =
        interleaved(c, kLowBits) | (std::uint64_t{static_cast<std::uint32_t>(c.batch)} << 33);
  }
  radix_sort(keyed, 0, 64, key_of);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < keyed.size(); ++i) {
    const Coordinate& c = rows[static_cast<std::size_t>(keyed[i].row)];
    if (i > 0 && leaf_of(c) != leaf_of(rows[static_cast<std::size_t>(keyed[i - 1].row)])) ++number;
    const auto place = static_cast<std::uint64_t>(leaf_bit(c.x, c.y, c.z));
    items_[i] = (((number << 6) | place) << row_bits_) | static_cast<std::uint32_t>(keyed[i].row);
  }
}

}  // namespace voxloom
