#include "artifact/run/set_memory.h"

#include <algorithm>

#include "coords/coordinate_set_impl.h"

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
  const Tensor on_host = rows.to(Device{});
  const std::optional<CoordinateSet> known = find(place, coordinates_in(place.name, on_host));
  const CoordinateSet result = known ? *known : CoordinateSet::from_tensor(rows, options);
  keep(place, result);
  return result;
}

}  // namespace voxloom::artifact
