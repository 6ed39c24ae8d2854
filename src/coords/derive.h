// Sets made from sets: the same request finds the same object as long as anybody holds it.
#pragma once

#include <cstdint>
#include <utility>

#include "coords/coordinate_set_impl.h"

namespace voxloom {

enum class Derived : std::int64_t {
  strided,
  reachable,
  transposed,
  inner,
  outer,
  crop,
  union_of,
  intersection_of,
  difference_of,
  sorted
};

// The set remembered with `source` under (kind, key), or the one that `make` returns. The key holds
// the numbers and set ids that decide the result, never sizes or addresses.
template <typename Make>
CoordinateSet derive(const CoordinateSet& source, Derived kind, DerivedCache::Key key,
                     const Make& make) {
  key.insert(key.begin(), static_cast<std::int64_t>(kind));
  DerivedCache& cache = source.impl().cache();
  if (auto found = cache.find_set(key)) return CoordinateSet(std::move(found));
  const CoordinateSet made = make();
  if (made == source) return source;  // a set that remembered itself would live for ever
  return CoordinateSet(cache.keep_set(key, CoordinateSet::Impl::of(made)));
}

}  // namespace voxloom
