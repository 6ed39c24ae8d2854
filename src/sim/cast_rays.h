// The rays of a scan, shared among threads; what they meet stands in their order, whatever the threads are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/parallel.h"

namespace voxloom::street {

// cast(ray) is std::optional<Seen>: nothing where a ray is lost.
template <typename Seen, typename Cast>
[[nodiscard]] std::vector<Seen> cast_rays(std::int64_t rays, const Cast& cast) {
  constexpr std::int64_t kGrain = 512;  // rays of a chunk
  std::vector<std::optional<Seen>> all(static_cast<std::size_t>(rays));
  parallel_for(rays, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t ray = begin; ray < end; ++ray) all[static_cast<std::size_t>(ray)] = cast(ray);
  });
  std::vector<Seen> seen;
  for (const auto& one : all) {
    if (one) seen.push_back(*one);
  }
  return seen;
}

}  // namespace voxloom::street
