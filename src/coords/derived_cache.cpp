#include "coords/derived_cache.h"

#include <utility>

namespace voxloom {

std::shared_ptr<const CoordinateSet::Impl> DerivedCache::find_set(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(key);
  return found == sets_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<const CoordinateSet::Impl> DerivedCache::keep_set(
    const Key& key, std::shared_ptr<const CoordinateSet::Impl> set) {
  // A set that falls out of the cache may be destroyed, which takes locks of other caches and may
  // come back to this one: let it go only after the lock.
  std::shared_ptr<const CoordinateSet::Impl> dropped;
  const std::lock_guard lock(mutex_);
  if (const auto found = sets_.find(key); found != sets_.end()) {
    if (auto first = found->second.lock()) return first;
  }
  std::erase_if(sets_, [](const auto& entry) { return entry.second.expired(); });
  sets_[key] = set;
  kept_sets_.push_back(set);
  if (kept_sets_.size() > kKeptSets) {
    dropped = std::move(kept_sets_.front());
    kept_sets_.pop_front();
  }
  return set;
}

std::shared_ptr<const MapData> DerivedCache::find_map(std::uint64_t coarse_id, const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = maps_.find({coarse_id, key});
  return found == maps_.end() ? nullptr : found->second;
}

std::shared_ptr<const MapData> DerivedCache::keep_map(std::uint64_t coarse_id, const Key& key,
                                                      std::shared_ptr<const MapData> map) {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = maps_.try_emplace({coarse_id, key}, std::move(map));
  if (!is_new) return entry->second;
  const auto kept = entry->second;
  map_order_.push_back(entry->first);
  if (map_order_.size() > kKeptMaps) {
    maps_.erase(map_order_.front());
    map_order_.pop_front();
  }
  return kept;
}

void DerivedCache::forget_maps_of(std::uint64_t coarse_id) {
  const std::lock_guard lock(mutex_);
  map_order_.remove_if([&](const MapKey& key) { return key.coarse_id == coarse_id; });
  std::erase_if(maps_, [&](const auto& entry) { return entry.first.coarse_id == coarse_id; });
}

std::size_t DerivedCache::map_count() const {
  const std::lock_guard lock(mutex_);
  return maps_.size();
}

}  // namespace voxloom
