// Output supports: which rows a convolution or a pool produces.

#include "coords/support.h"

#include <algorithm>

#include "coords/derive.h"
#include "coords/relation.h"
#include "coords/strides.h"
#include "core/checked.h"
#include "voxloom/kernel_map.h"
#include "voxloom/sets.h"

namespace voxloom {
namespace {

// A set made of what `collect` adds, in canonical order.
template <typename Collect>
CoordinateSet collected(std::string_view op, const CoordinateSet& source, const Triple& stride,
                        const Collect& collect) {
  return with_memory_errors(op, [&] {
    LeafCollector collector;
    collect(collector);
    return set_from_index(LeafIndex(collector.take()), stride, source.batch_size());
  });
}

// Turns a 64-bit generated coordinate into a row; beyond int32 it is an error.
Coordinate generated(std::string_view op, std::int32_t batch, std::int64_t x, std::int64_t y,
                     std::int64_t z) {
  require(fits_int32(x) && fits_int32(y) && fits_int32(z), op,
          "the generated coordinate ({},{},{},{}) does not fit 32 bits", batch, x, y, z);
  return {batch, static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
          static_cast<std::int32_t>(z)};
}

bool inside(const std::optional<Bounds>& bounds, std::int64_t x, std::int64_t y, std::int64_t z) {
  if (!bounds) return true;
  const auto& [lo, hi] = *bounds;
  return x >= lo[0] && x < hi[0] && y >= lo[1] && y < hi[1] && z >= lo[2] && z < hi[2];
}

}  // namespace

CoordinateSet strided_support(std::string_view op, const CoordinateSet& source, Triple stride) {
  const Triple out_stride = multiplied_stride(op, source.stride(), stride);
  if (stride == Triple(1)) return source;
  const auto collect = [&](LeafCollector& leaves) {
    for (const Coordinate& c : source.rows()) {
      leaves.add(Coordinate{c.batch, static_cast<std::int32_t>(floor_div(c.x, stride.x)),
                            static_cast<std::int32_t>(floor_div(c.y, stride.y)),
                            static_cast<std::int32_t>(floor_div(c.z, stride.z))});
    }
  };
  return derive(source, Derived::strided, {stride.x, stride.y, stride.z},
                [&] { return collected(op, source, out_stride, collect); });
}

CoordinateSet reachable_support(std::string_view op, const CoordinateSet& source,
                                const KernelSpec& kernel, const std::optional<Bounds>& bounds) {
  const Relation relation = Relation::from(op, kernel);
  const Triple& stride = relation.stride;
  const Triple out_stride = multiplied_stride(op, source.stride(), stride);
  const auto collect = [&](LeafCollector& leaves) {
    for (const Relation::Shift& shift : relation.shifts) {
      for (const Coordinate& c : source.rows()) {
        const std::int64_t x = c.x - shift.x;
        const std::int64_t y = c.y - shift.y;
        const std::int64_t z = c.z - shift.z;
        if (x % stride.x != 0 || y % stride.y != 0 || z % stride.z != 0) continue;
        const std::int64_t ox = x / stride.x;
        const std::int64_t oy = y / stride.y;
        const std::int64_t oz = z / stride.z;
        if (inside(bounds, ox, oy, oz)) leaves.add(generated(op, c.batch, ox, oy, oz));
      }
    }
  };
  // The bounds stand before the shifts, whose number varies: six numbers behind them would read
  // like two more shifts.
  DerivedCache::Key key{bounds.has_value()};
  if (bounds) {
    key.insert(key.end(), bounds->lo.begin(), bounds->lo.end());
    key.insert(key.end(), bounds->hi.begin(), bounds->hi.end());
  }
  const DerivedCache::Key relation_key = relation.key();
  key.insert(key.end(), relation_key.begin(), relation_key.end());
  return derive(source, Derived::reachable, std::move(key),
                [&] { return collected(op, source, out_stride, collect); });
}

CoordinateSet transposed_support(std::string_view op, const CoordinateSet& source,
                                 const KernelSpec& kernel) {
  const Relation relation = Relation::from(op, kernel);
  const Triple& stride = relation.stride;
  const Triple out_stride = divided_stride(op, source.stride(), stride);
  const auto collect = [&](LeafCollector& leaves) {
    for (const Relation::Shift& shift : relation.shifts) {
      for (const Coordinate& c : source.rows()) {
        leaves.add(generated(op, c.batch, std::int64_t{c.x} * stride.x + shift.x,
                             std::int64_t{c.y} * stride.y + shift.y,
                             std::int64_t{c.z} * stride.z + shift.z));
      }
    }
  };
  return derive(source, Derived::transposed, relation.key(),
                [&] { return collected(op, source, out_stride, collect); });
}

CoordinateSet strided_support(const CoordinateSet& source, Triple stride) {
  return strided_support("strided_support", source, stride);
}

CoordinateSet reachable_support(const CoordinateSet& source, const KernelSpec& kernel,
                                const std::optional<Bounds>& bounds) {
  return reachable_support("reachable_support", source, kernel, bounds);
}

CoordinateSet transposed_support(const CoordinateSet& source, const KernelSpec& kernel) {
  return transposed_support("transposed_support", source, kernel);
}

CoordinateSet downsample(const CoordinateSet& set, Triple stride) {
  // The strided support by 1 is the set itself; a downsampled set is in canonical order.
  if (stride == Triple(1)) return sort_canonical(set).set;
  return strided_support("downsample", set, stride);
}

}  // namespace voxloom
