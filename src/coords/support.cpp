// Output supports: which rows a convolution or a pool produces.

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
CoordinateSet collected(const CoordinateSet& source, const Triple& stride, const Collect& collect) {
  LeafCollector collector;
  collect(collector);
  return set_from_index(LeafIndex(collector.take()), stride, source.batch_size());
}

// Turns a 64-bit generated coordinate into a row; beyond int32 it is an error.
Coordinate generated(std::string_view op, std::int32_t batch, std::int64_t x, std::int64_t y,
                     std::int64_t z) {
  require(fits_int32(x) && fits_int32(y) && fits_int32(z), op,
          "the generated coordinate ({},{},{},{}) does not fit 32 bits", batch, x, y, z);
  return {batch, static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
          static_cast<std::int32_t>(z)};
}

void require_bounds(std::string_view op, const Bounds& bounds) {
  const auto& [lo, hi] = bounds;
  require(lo[0] <= hi[0] && lo[1] <= hi[1] && lo[2] <= hi[2], op,
          "the bounds [({}), ({})) are inside out", fmt::join(lo, ","), fmt::join(hi, ","));
}

bool inside(const std::optional<Bounds>& bounds, std::int64_t x, std::int64_t y, std::int64_t z) {
  if (!bounds) return true;
  const auto& [lo, hi] = *bounds;
  return x >= lo[0] && x < hi[0] && y >= lo[1] && y < hi[1] && z >= lo[2] && z < hi[2];
}

}  // namespace

CoordinateSet strided_support(const CoordinateSet& source, Triple stride) {
  constexpr std::string_view kOp = "strided_support";
  const Triple out_stride = multiplied_stride(kOp, source.stride(), stride);
  if (stride == Triple(1)) return source;
  const auto collect = [&](LeafCollector& leaves) {
    for (const Coordinate& c : source.rows()) {
      leaves.add(Coordinate{c.batch, static_cast<std::int32_t>(floor_div(c.x, stride.x)),
                            static_cast<std::int32_t>(floor_div(c.y, stride.y)),
                            static_cast<std::int32_t>(floor_div(c.z, stride.z))});
    }
  };
  return derive(source, Derived::strided, {stride.x, stride.y, stride.z},
                [&] { return collected(source, out_stride, collect); });
}

CoordinateSet reachable_support(const CoordinateSet& source, const KernelSpec& kernel,
                                const std::optional<Bounds>& bounds) {
  constexpr std::string_view kOp = "reachable_support";
  const Relation relation = Relation::from(kOp, kernel);
  if (bounds) require_bounds(kOp, *bounds);
  const Triple& stride = relation.stride;
  const Triple out_stride = multiplied_stride(kOp, source.stride(), stride);
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
        if (inside(bounds, ox, oy, oz)) leaves.add(generated(kOp, c.batch, ox, oy, oz));
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
                [&] { return collected(source, out_stride, collect); });
}

CoordinateSet transposed_support(const CoordinateSet& source, const KernelSpec& kernel) {
  constexpr std::string_view kOp = "transposed_support";
  const Relation relation = Relation::from(kOp, kernel);
  const Triple& stride = relation.stride;
  const Triple out_stride = divided_stride(kOp, source.stride(), stride);
  const auto collect = [&](LeafCollector& leaves) {
    for (const Relation::Shift& shift : relation.shifts) {
      for (const Coordinate& c : source.rows()) {
        leaves.add(generated(kOp, c.batch, std::int64_t{c.x} * stride.x + shift.x,
                             std::int64_t{c.y} * stride.y + shift.y,
                             std::int64_t{c.z} * stride.z + shift.z));
      }
    }
  };
  return derive(source, Derived::transposed, relation.key(),
                [&] { return collected(source, out_stride, collect); });
}

CoordinateSet downsample(const CoordinateSet& set, Triple stride) {
  return strided_support(set, stride);
}

}  // namespace voxloom
