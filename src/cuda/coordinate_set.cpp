#include "cuda/coordinate_set.h"

#include <limits>
#include <vector>

#include "cuda/coordinate_key.h"
#include "cuda/radix_sort.h"
#include "cuda/scan.h"

namespace voxloom::cuda {
namespace {

constexpr int kItemThreads = 256;
constexpr std::int32_t kNoRow = std::numeric_limits<std::int32_t>::max();

VOXLOOM_DEVICE bool same_leaf(std::uint64_t a, std::uint64_t b) { return a >> 6 == b >> 6; }
VOXLOOM_DEVICE bool same_leaf(const WideKey& a, const WideKey& b) {
  return a.high == b.high && a.low >> 6 == b.low >> 6;
}
VOXLOOM_DEVICE bool same_key(std::uint64_t a, std::uint64_t b) { return a == b; }
VOXLOOM_DEVICE bool same_key(const WideKey& a, const WideKey& b) {
  return a.high == b.high && a.low == b.low;
}

// What the host wants to know of sorted rows.
struct Counts {
  std::uint32_t leaves = 0;
  std::uint32_t sites = 0;
  std::int32_t first_repeated = kNoRow;
  std::uint32_t out_of_order = 0;  // some row's rank is not its number
};

// heads[i] is 1 where sorted row i starts a leaf.
template <typename Key>
struct MarkHeads {
  static constexpr int kThreads = kItemThreads;
  const Key* keys;
  const std::int32_t* rows;
  std::int64_t count;
  std::uint32_t* heads;  // count + 1
  Counts* counts;

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i <= count; i += thread.all()) {
      if (i == count) {
        heads[i] = 0;
        continue;
      }
      heads[i] = i == 0 || !same_leaf(keys[i - 1], keys[i]) ? 1 : 0;
      // The sort is stable: of equal keys the later one repeats the earlier.
      if (i > 0 && same_key(keys[i - 1], keys[i])) atomic_min(&counts->first_repeated, rows[i]);
      if (rows[i] != i && counts->out_of_order == 0) atomic_or(&counts->out_of_order, 1U);
    }
  }
};

// Leaves from sorted rows: `numbers` are the exclusive sums of heads.
struct FillLeaves {
  static constexpr int kThreads = kItemThreads;
  const Site* rows;
  const std::int32_t* row_at;
  std::int64_t count;
  const std::uint32_t* numbers;  // count + 1
  Leaf* leaves;                  // masks are 0

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < count; i += thread.all()) {
      const Site site = rows[row_at[i]];
      const bool is_head = numbers[i] != numbers[i + 1];
      Leaf& leaf = leaves[is_head ? numbers[i] : numbers[i] - 1];
      if (is_head) leaf.position = leaf_of(site);
      atomic_or(&leaf.mask, std::uint64_t{1} << leaf_bit(site.x, site.y, site.z));
    }
  }
};

struct CountSites {
  static constexpr int kThreads = kItemThreads;
  const Leaf* leaves;
  std::int64_t count;
  std::uint32_t* sites;  // count + 1

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i <= count; i += thread.all()) {
      sites[i] = i < count ? static_cast<std::uint32_t>(count_bits(leaves[i].mask)) : 0;
    }
  }
};

struct NumberRanks {
  static constexpr int kThreads = kItemThreads;
  Leaf* leaves;
  std::int64_t count;
  const std::uint32_t* ranks;

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < count; i += thread.all()) {
      leaves[i].first = static_cast<std::int32_t>(ranks[i]);
    }
  }
};

struct InsertLeaves {
  static constexpr int kThreads = kItemThreads;
  const Leaf* leaves;
  std::int64_t count;
  std::int32_t* slots;
  std::uint32_t slot_mask;

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < count; i += thread.all()) {
      std::uint32_t slot = hash_of(leaves[i].position) & slot_mask;
      while (atomic_swap_if(&slots[slot], -1, static_cast<std::int32_t>(i)) != -1) {
        slot = (slot + 1) & slot_mask;
      }
    }
  }
};

struct WriteRows {
  static constexpr int kThreads = kItemThreads;
  const Leaf* leaves;
  std::int64_t count;
  Site* rows;

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < count; i += thread.all()) {
      std::int64_t rank = leaves[i].first;
      for (std::uint64_t rest = leaves[i].mask; rest != 0; rest &= rest - 1) {
        rows[rank++] = site_at(leaves[i].position, lowest_bit(rest));
      }
    }
  }
};

// Eight leaves at most become one of half the size: they stand side by side in canonical order.
struct MarkHalved {
  static constexpr int kThreads = kItemThreads;
  const Leaf* leaves;
  std::int64_t count;
  std::uint32_t* heads;  // count + 1

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i <= count; i += thread.all()) {
      const bool is_head =
          i < count && (i == 0 || !same_place(half(leaves[i - 1]), half(leaves[i])));
      heads[i] = is_head ? 1 : 0;
    }
  }
  static VOXLOOM_DEVICE Site half(const Leaf& leaf) {
    const Site& p = leaf.position;
    return {p.batch, p.x >> 1, p.y >> 1, p.z >> 1};
  }
};

struct FillHalved {
  static constexpr int kThreads = kItemThreads;
  const Leaf* leaves;
  std::int64_t count;
  const std::uint32_t* numbers;  // count + 1
  Leaf* to;                      // masks are 0

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < count; i += thread.all()) {
      const Leaf& leaf = leaves[i];
      const bool is_head = numbers[i] != numbers[i + 1];
      Leaf& half = to[is_head ? numbers[i] : numbers[i] - 1];
      if (is_head) half.position = MarkHalved::half(leaf);
      // Each byte of a mask is a 2x2x2 cube: one site of half the size, in the same Z-order.
      std::uint64_t sites = 0;
      for (int cube = 0; cube < 8; ++cube) {
        if (((leaf.mask >> (8 * cube)) & 0xFFU) != 0) sites |= std::uint64_t{1} << cube;
      }
      const int octant =
          (leaf.position.x & 1) * 4 + (leaf.position.y & 1) * 2 + (leaf.position.z & 1);
      atomic_or(&half.mask, sites << (8 * octant));
    }
  }
};

struct DivideSites {
  static constexpr int kThreads = kItemThreads;
  const Site* rows;
  std::int64_t count;
  std::int32_t x, y, z;
  Site* to;

  static VOXLOOM_DEVICE std::int32_t floor_div(std::int32_t a, std::int32_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
  }
  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    for (std::int64_t i = thread.global(); i < count; i += thread.all()) {
      const Site row = rows[i];
      to[i] = {row.batch, floor_div(row.x, x), floor_div(row.y, y), floor_div(row.z, z)};
    }
  }
};

// Numbers the ranks of leaves whose masks are known; ranks[count] is their number of sites.
Array<std::uint32_t> number_ranks(Leaf* leaves, std::int64_t count, Stream stream) {
  Array<std::uint32_t> ranks(count + 1, stream);
  launch_items(stream, count + 1, CountSites{leaves, count, ranks.data()});
  exclusive_sums(ranks.data(), count + 1, stream);
  launch_items(stream, count, NumberRanks{leaves, count, ranks.data()});
  return ranks;
}

struct Sorted {
  Array<std::int32_t> row_of_rank;
  Array<Leaf> leaves;  // room for one a row
  Counts counts;
};

template <typename Key>
Sorted sort_rows(const Site* rows, std::int64_t count, const KeyLayout& layout, Stream stream) {
  KeyedRows<Key> items(count, stream);
  encode_keys(rows, count, layout, items.keys.data(), items.rows.data(), stream);
  radix_sort(items, layout.total, stream);
  Sorted sorted;
  Array<Counts> counts(1, stream);
  counts.upload(&sorted.counts);
  Array<std::uint32_t> numbers(count + 1, stream);
  launch_items(
      stream, count + 1,
      MarkHeads<Key>{items.keys.data(), items.rows.data(), count, numbers.data(), counts.data()});
  exclusive_sums(numbers.data(), count + 1, stream);
  sorted.leaves = Array<Leaf>(count, stream);
  sorted.leaves.fill_bytes(0);
  launch_items(stream, count,
               FillLeaves{rows, items.rows.data(), count, numbers.data(), sorted.leaves.data()});
  const Array<std::uint32_t> ranks = number_ranks(sorted.leaves.data(), count, stream);
  copy(&counts.data()->leaves, numbers.data() + count, sizeof(std::uint32_t), stream);
  copy(&counts.data()->sites, ranks.data() + count, sizeof(std::uint32_t), stream);
  counts.download(&sorted.counts);
  sorted.row_of_rank = std::move(items.rows);
  return sorted;
}

Sorted sort_rows(const Site* rows, std::int64_t count, const KeyLayout& layout, Stream stream) {
  return layout.total <= 64 ? sort_rows<std::uint64_t>(rows, count, layout, stream)
                            : sort_rows<WideKey>(rows, count, layout, stream);
}

// The first row that is row `repeated` again.
std::int32_t first_like(const Site* rows, std::int32_t repeated, Stream stream) {
  std::vector<Site> all(static_cast<std::size_t>(repeated) + 1);
  copy_to_host(all.data(), rows, all.size() * sizeof(Site), stream);
  std::int32_t first = 0;
  while (!same_place(all[static_cast<std::size_t>(first)], all.back())) ++first;
  return first;
}

}  // namespace

SetView CoordinateSet::view() const {
  return {rows_.data(),
          row_of_rank_.data(),
          leaves_.data(),
          slots_.data(),
          rows_.size(),
          leaf_count_,
          static_cast<std::uint32_t>(slots_.size() - 1)};
}

void CoordinateSet::make_table(Stream stream) {
  std::int64_t slots = 64;
  while (slots < 2 * leaf_count_) slots *= 2;
  slots_ = Array<std::int32_t>(slots, stream);
  slots_.fill_bytes(-1);
  launch_items(stream, leaf_count_,
               InsertLeaves{leaves_.data(), leaf_count_, slots_.data(),
                            static_cast<std::uint32_t>(slots - 1)});
}

void CoordinateSet::make_rows(Stream stream) {
  launch_items(stream, leaf_count_, WriteRows{leaves_.data(), leaf_count_, rows_.data()});
}

CoordinateSet CoordinateSet::from_rows(const Site* rows, std::int64_t count, Problem& problem,
                                       Stream stream) {
  CoordinateSet set;
  if (count == 0) return set;
  const RowSummary summary = summarize(rows, count, stream);
  problem.negative_batch = summary.has_negative_batch;
  if (summary.has_negative_batch) return set;
  Sorted sorted = sort_rows(rows, count, summary.layout, stream);
  if (sorted.counts.first_repeated != kNoRow) {
    problem.first_repeated = sorted.counts.first_repeated;
    problem.repeats = first_like(rows, problem.first_repeated, stream);
    return set;
  }
  set.rows_ = Array<Site>(count, stream);
  copy(set.rows_.data(), rows, set.rows_.bytes(), stream);
  if (sorted.counts.out_of_order != 0) set.row_of_rank_ = std::move(sorted.row_of_rank);
  set.leaves_ = std::move(sorted.leaves);
  set.leaf_count_ = sorted.counts.leaves;
  set.make_table(stream);
  return set;
}

CoordinateSet CoordinateSet::distinct(const Site* rows, std::int64_t count, Stream stream) {
  CoordinateSet set;
  if (count == 0) return set;
  Sorted sorted = sort_rows(rows, count, summarize(rows, count, stream).layout, stream);
  set.leaves_ = std::move(sorted.leaves);
  set.leaf_count_ = sorted.counts.leaves;
  set.rows_ = Array<Site>(sorted.counts.sites, stream);
  set.make_rows(stream);
  set.make_table(stream);
  return set;
}

CoordinateSet CoordinateSet::halved(Stream stream) const {
  CoordinateSet set;
  if (leaf_count_ == 0) return set;
  Array<std::uint32_t> numbers(leaf_count_ + 1, stream);
  launch_items(stream, leaf_count_ + 1, MarkHalved{leaves_.data(), leaf_count_, numbers.data()});
  exclusive_sums(numbers.data(), leaf_count_ + 1, stream);
  set.leaves_ = Array<Leaf>(leaf_count_, stream);
  set.leaves_.fill_bytes(0);
  launch_items(stream, leaf_count_,
               FillHalved{leaves_.data(), leaf_count_, numbers.data(), set.leaves_.data()});
  const Array<std::uint32_t> ranks = number_ranks(set.leaves_.data(), leaf_count_, stream);
  Array<std::uint32_t> totals(2, stream);
  copy(totals.data(), numbers.data() + leaf_count_, sizeof(std::uint32_t), stream);
  copy(totals.data() + 1, ranks.data() + leaf_count_, sizeof(std::uint32_t), stream);
  std::uint32_t counts[2];
  totals.download(counts);
  set.leaf_count_ = counts[0];
  set.rows_ = Array<Site>(counts[1], stream);
  set.make_rows(stream);
  set.make_table(stream);
  return set;
}

CoordinateSet strided_support(const CoordinateSet& source, const std::int32_t (&stride)[3],
                              Stream stream) {
  const std::int32_t s = stride[0];
  if (s == stride[1] && s == stride[2] && (s & (s - 1)) == 0) {
    CoordinateSet set = source.halved(stream);
    for (std::int32_t left = s / 2; left > 1; left /= 2) set = set.halved(stream);
    return set;
  }
  Array<Site> coarse(source.size(), stream);
  launch_items(stream, source.size(),
               DivideSites{source.rows_.data(), source.size(), stride[0], stride[1], stride[2],
                           coarse.data()});
  return CoordinateSet::distinct(coarse.data(), coarse.size(), stream);
}

}  // namespace voxloom::cuda
