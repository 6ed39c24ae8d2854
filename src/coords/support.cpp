// Output supports: which rows a convolution or a pool produces.

#include <algorithm>

#include "coords/coordinate_set_impl.h"
#include "coords/relation.h"
#include "coords/strides.h"
#include "core/checked.h"
#include "voxloom/kernel_map.h"
#include "voxloom/sets.h"

namespace voxloom {
namespace {

enum class Derived : std::int64_t { strided, reachable, transposed };

// The derived set remembered under `key`, or the one that `collect` makes.
template <typename Collect>
CoordinateSet derive(const CoordinateSet& source, Derived kind, DerivedCache::Key key,
                     const Triple& stride, const Collect& collect) {
  key.insert(key.begin(), static_cast<std::int64_t>(kind));
  DerivedCache& cache = source.impl().cache();
  if (auto found = cache.find_set(key)) return CoordinateSet(std::move(found));
  LeafCollector collector;
  collect(collector);
  auto made = std::make_shared<const CoordinateSet::Impl>(
      LeafIndex(collector.take()), stride, source.batch_size());
  return CoordinateSet(cache.keep_set(key, std::move(made)));
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
  const Triple& lo = bounds->lo;
  const Triple& hi = bounds->hi;
  return x >= lo.x && x < hi.x && y >= lo.y && y < hi.y && z >= lo.z && z < hi.z;
}

}  // namespace

CoordinateSet strided_support(const CoordinateSet& source, Triple stride) {
  constexpr std::string_view kOp = "strided_support";
  const Triple out_stride = multiplied_stride(kOp, source.stride(), stride);
  if (stride == Triple(1)) return source;
  return derive(source, Derived::strided, {stride.x, stride.y, stride.z},
                out_stride, [&](LeafCollector& leaves) {
                  for (const Coordinate& c : source.rows()) {
                    leaves.add(Coordinate{c.batch,
                                          static_cast<std::int32_t>(floor_div(c.x, stride.x)),
                                          static_cast<std::int32_t>(floor_div(c.y, stride.y)),
                                          static_cast<std::int32_t>(floor_div(c.z, stride.z))});
                  }
                });
}

CoordinateSet reachable_support(const CoordinateSet& source, const KernelSpec& kernel,
                                const std::optional<Bounds>& bounds) {
  constexpr std::string_view kOp = "reachable_support";
  const Relation relation = Relation::from(kOp, kernel);
  const Triple& stride = relation.stride;
  DerivedCache::Key key = relation.key();
  if (bounds) {
    const auto& [lo, hi] = *bounds;
    key.insert(key.end(), {lo.x, lo.y, lo.z, hi.x, hi.y, hi.z});
  }
  return derive(source, Derived::reachable, std::move(key),
                multiplied_stride(kOp, source.stride(), stride), [&](LeafCollector& leaves) {
                  for (const Relation::Shift& shift : relation.shifts) {
                    for (const Coordinate& c : source.rows()) {
                      const std::int64_t x = c.x - shift.x;
                      const std::int64_t y = c.y - shift.y;
                      const std::int64_t z = c.z - shift.z;
                      if (x % stride.x != 0 || y % stride.y != 0 || z % stride.z != 0) continue;
                      const std::int64_t ox = x / stride.x;
                      const std::int64_t oy = y / stride.y;
                      const std::int64_t oz = z / stride.z;
                      if (!inside(bounds, ox, oy, oz)) continue;
                      leaves.add(generated(kOp, c.batch, ox, oy, oz));
                    }
                  }
                });
}

CoordinateSet transposed_support(const CoordinateSet& source, const KernelSpec& kernel) {
  constexpr std::string_view kOp = "transposed_support";
  const Relation relation = Relation::from(kOp, kernel);
  const Triple& stride = relation.stride;
  return derive(source, Derived::transposed, relation.key(),
                divided_stride(kOp, source.stride(), stride), [&](LeafCollector& leaves) {
                  for (const Relation::Shift& shift : relation.shifts) {
                    for (const Coordinate& c : source.rows()) {
                      leaves.add(generated(kOp, c.batch, std::int64_t{c.x} * stride.x + shift.x,
                                           std::int64_t{c.y} * stride.y + shift.y,
                                           std::int64_t{c.z} * stride.z + shift.z));
                    }
                  }
                });
}

CoordinateSet downsample(const CoordinateSet& set, Triple stride) {
  return strided_support(set, stride);
}

}  // namespace voxloom
