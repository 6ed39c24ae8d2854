#include "voxloom/kernel_map.h"

#include <algorithm>
#include <array>

#include "coords/coordinate_set_impl.h"
#include "coords/encoding_cache.h"
#include "coords/kernel_geometry.h"
#include "coords/map_blocks.h"
#include "coords/map_builder.h"
#include "coords/pair_blocks.h"
#include "coords/pairs_by_row.h"
#include "core/checked.h"
#include "core/parallel.h"

namespace voxloom {

// What the views of one map share. It holds no set: the views do, so that the sets' caches can hold
// the data without keeping the sets alive.
class MapData {
 public:
  explicit MapData(KernelGeometry geometry) : geometry_(std::move(geometry)) {}
  // A caller's own pairs, from fine to coarse rows.
  MapData(KernelGeometry geometry, std::vector<MapEntry> pairs)
      : geometry_(std::move(geometry)), pairs_(std::move(pairs)), has_pairs_(true) {}

  [[nodiscard]] const KernelGeometry& geometry() const { return geometry_; }

  [[nodiscard]] const BlockedEntries& entries(const CoordinateSet& fine,
                                              const CoordinateSet& coarse, OutputSide side) const {
    Encoding& encoding = encodings_[side == OutputSide::coarse ? 0 : 1];
    std::call_once(encoding.once, [&] {
      with_memory_errors("kernel_map", [&] {
        run_isolated([&] {
          encoding.entries = has_pairs_ ? blocks_of_pairs(fine, coarse, volume(), pairs_, side)
                                        : build_blocks(fine, coarse, geometry_, side);
        });
      });
    });
    return encoding.entries;
  }
  void keep(BlockedEntries entries, OutputSide side) const {
    Encoding& encoding = encodings_[side == OutputSide::coarse ? 0 : 1];
    std::call_once(encoding.once, [&] { encoding.entries = std::move(entries); });
  }
  [[nodiscard]] std::int64_t volume() const { return geometry_.volume(); }
  [[nodiscard]] bool has_pairs() const { return has_pairs_; }
  [[nodiscard]] EncodingCache& encodings(bool transposed) const {
    return backend_encodings_[transposed ? 1 : 0];
  }

 private:
  struct Encoding {
    std::once_flag once;
    BlockedEntries entries;
  };

  KernelGeometry geometry_;
  std::vector<MapEntry> pairs_;
  bool has_pairs_ = false;
  mutable std::array<Encoding, 2> encodings_;
  mutable std::array<EncodingCache, 2> backend_encodings_;
};

std::int64_t KernelMap::volume() const { return data_->volume(); }

EncodingCache& KernelMap::encodings() const { return data_->encodings(transposed_); }

std::int64_t KernelMap::size() const { return blocks_of(*this).entries->begin.back(); }

MapBlocks blocks_of(const KernelMap& map) {
  const MapData& data = *map.data_;
  MapBlocks view;
  view.volume = map.volume();
  view.out_rows = map.target().size();
  view.out_row_of_rank = map.target().impl().row_of_rank();
  view.mirrored = map.transposed_ && map.fine_ == map.coarse_ && !data.has_pairs() &&
                  data.geometry().is_symmetric();
  const OutputSide side = map.transposed_ && !view.mirrored ? OutputSide::fine : OutputSide::coarse;
  view.entries = &data.entries(map.fine_, map.coarse_, side);
  return view;
}

void keep_entries(const KernelMap& map, BlockedEntries entries) {
  map.data_->keep(std::move(entries), map.transposed_ ? OutputSide::fine : OutputSide::coarse);
}

// The entries of an output row stand in one block, and there by offset: counted and put in their places they are
// sorted.
std::vector<MapEntry> KernelMap::triples() const {
  const MapBlocks blocks = blocks_of(*this);
  return with_memory_errors("kernel_map", [&] {
    std::vector<MapEntry> result(static_cast<std::size_t>(size()));
    std::vector<std::int64_t> next(static_cast<std::size_t>(blocks.out_rows) + 1, 0);
    for_each_entry(blocks, [&](std::int32_t, std::int32_t out, std::int32_t) {
      ++next[static_cast<std::size_t>(out) + 1];
    });
    for (std::size_t out = 1; out < next.size(); ++out) next[out] += next[out - 1];
    for_each_entry(blocks, [&](std::int32_t in, std::int32_t out, std::int32_t k) {
      std::int64_t& at = next[static_cast<std::size_t>(out)];
      result[static_cast<std::size_t>(at++)] = {in, out, k};
    });
    return result;
  });
}

MapByOffset KernelMap::by_offset() const {
  const MapBlocks blocks = blocks_of(*this);
  return with_memory_errors("kernel_map", [&] {
    MapByOffset result;
    result.begin.reserve(static_cast<std::size_t>(volume()) + 1);
    result.begin.push_back(0);
    result.in_rows.reserve(static_cast<std::size_t>(size()));
    result.out_rows.reserve(static_cast<std::size_t>(size()));
    PairsByRow by_out_row(blocks.out_rows);
    for (std::int64_t k = 0; k < blocks.volume; ++k) {
      for (std::int64_t b = 0; b < blocks.block_count(); ++b) {
        const BlockSlice slice = blocks.slice(b, k);
        for (std::int64_t i = 0; i < slice.count; ++i) {
          by_out_row.add(blocks.out_row(b, slice.out_local[i]), slice.in_row[i]);
        }
      }
      by_out_row.take([&](std::int32_t out, std::int32_t in) {
        result.in_rows.push_back(in);
        result.out_rows.push_back(out);
      });
      result.begin.push_back(static_cast<std::int64_t>(result.in_rows.size()));
    }
    return result;
  });
}

std::vector<std::int32_t> KernelMap::dense() const {
  const std::int64_t cells = checked_mul("kernel_map", target().size(), volume());
  std::vector<std::int32_t> table;
  resize_or_throw("kernel_map", table, cells, -1);
  for_each_entry(blocks_of(*this), [&](std::int32_t in, std::int32_t out, std::int32_t k) {
    table[static_cast<std::size_t>(out * volume() + k)] = in;
  });
  return table;
}

KernelMap make_kernel_map(const CoordinateSet& fine, const CoordinateSet& coarse,
                          const KernelSpec& kernel, bool transposed) {
  KernelGeometry geometry = KernelGeometry::from("kernel_map", kernel);
  const DerivedCache::Key key = geometry.key();
  const CoordinateSet::Impl& f = fine.impl();
  const CoordinateSet::Impl& c = coarse.impl();
  KernelMap map;
  map.fine_ = fine;
  map.coarse_ = coarse;
  map.transposed_ = transposed;
  map.kernel_ = kernel;
  map.data_ = f.cache().find_map(c.id(), key);
  if (map.data_ == nullptr) {
    map.data_ = f.cache().keep_map(c.id(), key, std::make_shared<MapData>(std::move(geometry)));
    if (&f != &c) c.add_referrer(f.shared_cache());
  }
  return map;
}

KernelMap kernel_map_from_pairs(const CoordinateSet& source, const CoordinateSet& target,
                                std::int64_t volume, std::span<const MapEntry> entries) {
  constexpr std::string_view kOp = "kernel_map_from_pairs";
  constexpr std::int64_t kMostOffsets = std::int64_t{1} << 24;
  require(volume >= 1 && volume <= kMostOffsets, kOp, "the volume must be from 1 to {}, got {}",
          kMostOffsets, volume);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const MapEntry& e = entries[i];
    require(e.in_row >= 0 && e.in_row < source.size() && e.out_row >= 0 &&
                e.out_row < target.size() && e.k >= 0 && e.k < volume,
            kOp, "entry {} is ({}, {}, {}): rows below {} and {}, offsets below {} exist", i,
            e.in_row, e.out_row, e.k, source.size(), target.size(), volume);
  }
  KernelMap map;
  map.fine_ = source;
  map.coarse_ = target;
  map.kernel_.offsets.assign(static_cast<std::size_t>(volume), Triple(0));
  KernelGeometry geometry;
  geometry.shifts.assign(static_cast<std::size_t>(volume), {0, 0, 0});
  map.data_ = std::make_shared<MapData>(std::move(geometry),
                                        std::vector<MapEntry>(entries.begin(), entries.end()));
  static_cast<void>(blocks_of(map));  // finds pairs that are given twice now
  return map;
}

KernelMap forward_map(const CoordinateSet& source, const CoordinateSet& target,
                      const KernelSpec& kernel) {
  return make_kernel_map(source, target, kernel, false);
}

KernelMap transposed_map(const CoordinateSet& source, const CoordinateSet& target,
                         const KernelSpec& kernel) {
  return make_kernel_map(target, source, kernel, true);
}

}  // namespace voxloom
