#include "artifact/run/set_memory.h"

#include <algorithm>

namespace voxloom::artifact {

std::optional<CoordinateSet> SetMemory::find(const Graph::Op& place,
                                             std::span<const Coordinate> rows) {
  Sets candidates;
  {
    const std::lock_guard lock(mutex_);
    candidates = sets_[&place];
  }
  for (const CoordinateSet& set : candidates) {
    if (std::ranges::equal(set.rows(), rows)) return set;
  }
  return std::nullopt;
}

void SetMemory::keep(const Graph::Op& place, const CoordinateSet& set) {
  const std::lock_guard lock(mutex_);
  Sets& sets = sets_[&place];
  std::erase(sets, set);
  sets.push_front(set);
  if (sets.size() > limit_) sets.pop_back();
}

CoordinateSet SetMemory::remembered(const Graph::Op& place, const CoordinateSet& set) {
  if (limit_ == 0) return set;
  const std::optional<CoordinateSet> known = find(place, set.rows());
  const bool same =
      known && known->stride() == set.stride() && known->batch_size() == set.batch_size();
  const CoordinateSet& result = same ? *known : set;
  keep(place, result);
  return result;
}

// One place has one stride and one batch size: its rows alone tell the set.
CoordinateSet SetMemory::remembered(const Graph::Op& place, const Tensor& rows,
                                    const CoordinateSetOptions& options) {
  if (limit_ == 0) return CoordinateSet::from_tensor(rows, options);
  const std::span<const std::int32_t> numbers = rows.span<std::int32_t>();
  static_assert(sizeof(Coordinate) == 4 * sizeof(std::int32_t));
  const std::span<const Coordinate> coordinates(reinterpret_cast<const Coordinate*>(numbers.data()),
                                                numbers.size() / 4);
  const std::optional<CoordinateSet> known = find(place, coordinates);
  const CoordinateSet result = known ? *known : CoordinateSet::from_tensor(rows, options);
  keep(place, result);
  return result;
}

}  // namespace voxloom::artifact
