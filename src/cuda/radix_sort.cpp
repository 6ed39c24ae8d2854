#include "cuda/radix_sort.h"

#include "cuda/device.h"
#include "cuda/scan.h"

namespace voxloom::cuda {
namespace {

constexpr int kDigitBits = 8;
constexpr int kDigits = 1 << kDigitBits;
constexpr int kSortThreads = 256;  // one per digit, where digits are meant
constexpr int kWarps = kSortThreads / kWarp;
constexpr int kEach = 8;  // items of a thread
constexpr std::int64_t kTile = kSortThreads * kEach;
static_assert(kSortThreads == kDigits);

VOXLOOM_DEVICE std::uint32_t digit_of(std::uint64_t key, int shift) {
  return static_cast<std::uint32_t>(key >> shift) % kDigits;
}
// Digits do not straddle the halves: 64 is a multiple of 8.
VOXLOOM_DEVICE std::uint32_t digit_of(const WideKey& key, int shift) {
  return shift < 64 ? digit_of(key.low, shift) : digit_of(key.high, shift - 64);
}

// counts[digit * tiles + tile]
template <typename Key>
struct CountDigits {
  static constexpr int kThreads = kSortThreads;
  struct Shared {
    std::uint32_t counts[kDigits];
  };
  const Key* keys;
  std::int64_t count;
  int shift;
  std::uint32_t* counts;

  VOXLOOM_DEVICE void operator()(Team& team, Shared& shared) const {
    shared.counts[team.index()] = 0;
    team.barrier();
    const std::int64_t first = team.block() * kTile + team.index();
    for (int j = 0; j < kEach; ++j) {
      const std::int64_t at = first + j * kSortThreads;
      if (at < count) atomic_add(&shared.counts[digit_of(keys[at], shift)], 1U);
    }
    team.barrier();
    counts[team.index() * team.blocks() + team.block()] = shared.counts[team.index()];
  }
};

// A warp takes 32 * kEach items in a row, 32 at a time, so that an item's place among those with its digit
// is the number of such items before it: in earlier tiles, in earlier warps, in earlier steps of this
// warp, in lower lanes.
template <typename Key>
struct MoveItems {
  static constexpr int kThreads = kSortThreads;
  struct Shared {
    std::uint32_t counts[kWarps][kDigits];
  };
  const Key* keys;
  const std::int32_t* rows;
  Key* to_keys;
  std::int32_t* to_rows;
  std::int64_t count;
  int shift;
  const std::uint32_t* places;  // [digit * tiles + tile]

  VOXLOOM_DEVICE void operator()(Team& team, Shared& shared) const {
    std::uint32_t* counts = shared.counts[team.warp()];
    for (int d = team.lane(); d < kDigits; d += kWarp) counts[d] = 0;
    team.warp_barrier();
    const std::int64_t first = team.block() * kTile + team.warp() * (kWarp * kEach) + team.lane();
    Key key[kEach];
    std::uint32_t place[kEach];
    VOXLOOM_UNROLL
    for (int j = 0; j < kEach; ++j) {
      const std::int64_t at = first + j * kWarp;
      const bool is_item = at < count;
      if (is_item) key[j] = keys[at];
      const std::uint32_t digit = is_item ? digit_of(key[j], shift) : kDigits;
      const std::uint32_t peers = team.match(digit);
      const std::uint32_t lower = peers & ((1U << team.lane()) - 1);
      std::uint32_t before = 0;
      if (is_item) before = counts[digit];
      team.warp_barrier();
      if (is_item && lower == 0) counts[digit] = before + count_bits(peers);
      team.warp_barrier();
      place[j] = before + count_bits(lower);
    }
    team.barrier();
    std::uint32_t next = places[team.index() * team.blocks() + team.block()];
    for (int w = 0; w < kWarps; ++w) {
      const std::uint32_t own = shared.counts[w][team.index()];
      shared.counts[w][team.index()] = next;
      next += own;
    }
    team.barrier();
    VOXLOOM_UNROLL
    for (int j = 0; j < kEach; ++j) {
      const std::int64_t at = first + j * kWarp;
      if (at >= count) continue;
      const std::uint32_t to = counts[digit_of(key[j], shift)] + place[j];
      to_keys[to] = key[j];
      to_rows[to] = rows[at];
    }
  }
};

}  // namespace

template <typename Key>
void radix_sort(KeyedRows<Key>& items, int bits, Stream stream) {
  const std::int64_t count = items.keys.size();
  const std::int64_t tiles = (count + kTile - 1) / kTile;
  Array<std::uint32_t> counts(tiles * kDigits, stream);
  for (int shift = 0; shift < bits && count > 1; shift += kDigitBits) {
    launch(stream, tiles, CountDigits<Key>{items.keys.data(), count, shift, counts.data()});
    exclusive_sums(counts.data(), counts.size(), stream);
    launch(stream, tiles,
           MoveItems<Key>{items.keys.data(), items.rows.data(), items.spare_keys.data(),
                          items.spare_rows.data(), count, shift, counts.data()});
    items.keys.swap(items.spare_keys);
    items.rows.swap(items.spare_rows);
  }
}

template void radix_sort(KeyedRows<std::uint64_t>&, int, Stream);
template void radix_sort(KeyedRows<WideKey>&, int, Stream);

}  // namespace voxloom::cuda
