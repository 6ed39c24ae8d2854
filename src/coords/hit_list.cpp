#include "coords/hit_list.h"

#include <algorithm>

#include "coords/bits.h"

namespace voxloom {

VOXLOOM_BIT_CLONES void HitList::add(const LeafHits& hits, std::size_t lane, std::uint64_t mask,
                                     std::int64_t* counts) {
  const std::size_t volume = hits.volume();
  const std::size_t words = (volume + 63) / 64;
  const std::size_t most = used_ + words + volume;
  if (words_.size() < most) words_.resize(std::max(most, 2 * words_.size()));
  std::uint64_t* present = words_.data() + used_;
  std::uint64_t* to = present + words;
  for (std::size_t first = 0; first < volume; first += 64) {
    const std::size_t last = std::min(volume, first + 64);
    std::uint64_t offsets = 0;
    for (std::size_t k = first; k < last; ++k) {
      const std::uint64_t found = hits.of(k, lane) & mask;
      const std::uint64_t is_there = found != 0 ? 1 : 0;
      *to = found;  // where there are none, the next ones take the place
      to += is_there;
      offsets |= is_there << (k - first);
      counts[k] += count_bits(found);
    }
    present[first / 64] = offsets;
  }
  used_ = static_cast<std::size_t>(to - words_.data());
}

}  // namespace voxloom
