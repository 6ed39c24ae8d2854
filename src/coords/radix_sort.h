// A stable parallel radix sort on some bits of unsigned keys. Each sweep counts digits per chunk,
// turns the counts into places, and moves the items: chunks are fixed by the number of items, so
// the threads never show in the result.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "core/uninitialized.h"

namespace voxloom {

namespace radix {

inline constexpr std::int64_t kGrain = std::int64_t{1} << 14;

// From counts[chunk][digit] to the place of each chunk's first item with that digit.
inline void counts_to_places(std::vector<std::uint32_t>& counts, std::size_t digits) {
  const std::size_t chunks = counts.size() / digits;
  std::uint32_t place = 0;
  for (std::size_t digit = 0; digit < digits; ++digit) {
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      std::uint32_t& count = counts[chunk * digits + digit];
      place += std::exchange(count, place);
    }
  }
}

template <typename Item, typename DigitOf>
void sweep(const Item* from, Item* to, std::int64_t count, std::size_t digits,
           const DigitOf& digit_of) {
  const auto chunks = static_cast<std::size_t>((count + kGrain - 1) / kGrain);
  std::vector<std::uint32_t> counts(chunks * digits, 0);
  const auto counts_of = [&](std::int64_t begin) {
    return counts.data() + static_cast<std::size_t>(begin / kGrain) * digits;
  };
  parallel_for(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t* mine = counts_of(begin);
    for (std::int64_t i = begin; i < end; ++i) ++mine[digit_of(from[i])];
  });
  counts_to_places(counts, digits);
  parallel_for(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t* places = counts_of(begin);
    for (std::int64_t i = begin; i < end; ++i) to[places[digit_of(from[i])]++] = from[i];
  });
}

}  // namespace radix

// Sorts by bits [low, high) of key_of(item), a std::uint64_t. Fewer than 2^32 items.
template <typename Item, typename KeyOf>
void radix_sort(UninitializedVector<Item>& items, int low, int high, const KeyOf& key_of) {
  if (high <= low) return;
  const int widest = items.size() < 4096 ? 8 : 11;
  const int sweeps = (high - low + widest - 1) / widest;
  const int width = (high - low + sweeps - 1) / sweeps;
  UninitializedVector<Item> other(items.size());
  for (; low < high; low += width) {
    const int bits = std::min(width, high - low);
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    radix::sweep(items.data(), other.data(), static_cast<std::int64_t>(items.size()),
                 static_cast<std::size_t>(mask) + 1,
                 [&](const Item& item) { return (key_of(item) >> low) & mask; });
    items.swap(other);
  }
}

}  // namespace voxloom
