// What a coordinate set remembers: sets derived from it and kernel maps whose fine side it is.
//
// Keys hold what the thing depends on (a never reused set id and numbers), never addresses or
// sizes, so an entry cannot be stale. A derived set is kept alive while it is among the last
// kKeptSets asked for, and is found for as long as anybody holds it. A map dies with either of its
// sets: the coarse set tells the cache when it goes. Past kKeptMaps the map that was not asked for
// longest is forgotten.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "voxloom/coordinate_set.h"

namespace voxloom {

class MapData;

class DerivedCache {
 public:
  static constexpr std::size_t kKeptSets = 16;
  static constexpr std::size_t kKeptMaps = 64;

  using Key = std::vector<std::int64_t>;

  // The remembered set, or nullptr.
  [[nodiscard]] std::shared_ptr<const CoordinateSet::Impl> find_set(const Key& key);
  // Remembers `set` unless another thread was first; returns the one that stays.
  [[nodiscard]] std::shared_ptr<const CoordinateSet::Impl> keep_set(
      const Key& key, std::shared_ptr<const CoordinateSet::Impl> set);

  [[nodiscard]] std::shared_ptr<const MapData> find_map(std::uint64_t coarse_id, const Key& key);
  [[nodiscard]] std::shared_ptr<const MapData> keep_map(std::uint64_t coarse_id, const Key& key,
                                                        std::shared_ptr<const MapData> map);
  void forget_maps_of(std::uint64_t coarse_id);

  [[nodiscard]] std::size_t map_count() const;
  [[nodiscard]] std::size_t kept_set_count() const;

 private:
  using Set = std::shared_ptr<const CoordinateSet::Impl>;
  struct MapKey {
    std::uint64_t coarse_id;
    Key key;
    auto operator<=>(const MapKey&) const = default;
  };

  struct KeptMap {
    std::shared_ptr<const MapData> map;
    std::list<MapKey>::iterator place;  // in map_order_
  };
  // Makes `set` the one asked for last; returns what fell out, to be let go after the lock.
  [[nodiscard]] Set touch(const Set& set);

  mutable std::mutex mutex_;
  std::map<Key, std::weak_ptr<const CoordinateSet::Impl>> sets_;
  std::list<Set> kept_sets_;  // asked for longest ago first
  std::map<MapKey, KeptMap> maps_;
  std::list<MapKey> map_order_;  // asked for longest ago first
};

}  // namespace voxloom
