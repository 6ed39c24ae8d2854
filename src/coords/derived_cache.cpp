#include "coords/derived_cache.h"

#include <algorithm>
#include <utility>

namespace voxloom {

// A set that falls out of the cache may be destroyed, which takes locks of other caches and may
// come back to this one: callers let it go only after the lock.
DerivedCache::Set DerivedCache::touch(const Set& set) {
  if (const auto place = std::ranges::find(kept_sets_, set); place != kept_sets_.end()) {
    kept_sets_.splice(kept_sets_.end(), kept_sets_, place);
    return nullptr;
  }
  kept_sets_.push_back(set);
  if (kept_sets_.size() <= kKeptSets) return nullptr;
  Set dropped = std::move(kept_sets_.front());
  kept_sets_.pop_front();
  return dropped;
}

std::shared_ptr<const CoordinateSet::Impl> DerivedCache::find_set(const Key& key) {
  Set dropped;
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(key);
  if (found == sets_.end()) return nullptr;
  Set set = found->second.lock();
  if (set != nullptr) dropped = touch(set);
  return set;
}

std::shared_ptr<const CoordinateSet::Impl> DerivedCache::keep_set(
    const Key& key, std::shared_ptr<const CoordinateSet::Impl> set) {
  Set dropped;
  const std::lock_guard lock(mutex_);
  if (const auto found = sets_.find(key); found != sets_.end()) {
    if (Set first = found->second.lock()) return first;
  }
  std::erase_if(sets_, [](const auto& entry) { return entry.second.expired(); });
  sets_[key] = set;
  dropped = touch(set);
  return set;
}

std::shared_ptr<const MapData> DerivedCache::find_map(std::uint64_t coarse_id, const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = maps_.find({coarse_id, key});
  if (found == maps_.end()) return nullptr;
  map_order_.splice(map_order_.end(), map_order_, found->second.place);
  return found->second.map;
}

std::shared_ptr<const MapData> DerivedCache::keep_map(std::uint64_t coarse_id, const Key& key,
                                                      std::shared_ptr<const MapData> map) {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = maps_.try_emplace({coarse_id, key});
  if (!is_new) return entry->second.map;
  entry->second = {map, map_order_.insert(map_order_.end(), entry->first)};
  if (map_order_.size() > kKeptMaps) {
    maps_.erase(map_order_.front());
    map_order_.pop_front();
  }
  return map;
}

void DerivedCache::forget_maps_of(std::uint64_t coarse_id) {
  const std::lock_guard lock(mutex_);
  // Keys are ordered by the coarse set's id first.
  auto entry = maps_.lower_bound({coarse_id, {}});
  while (entry != maps_.end() && entry->first.coarse_id == coarse_id) {
    map_order_.erase(entry->second.place);
    entry = maps_.erase(entry);
  }
}

std::size_t DerivedCache::map_count() const {
  const std::lock_guard lock(mutex_);
  return maps_.size();
}

std::size_t DerivedCache::kept_set_count() const {
  const std::lock_guard lock(mutex_);
  return kept_sets_.size();
}

}  // namespace voxloom
