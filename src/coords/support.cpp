// Output supports: which rows a convolution or a pool produces.

#include "coords/support.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "coords/derive.h"
#include "coords/kernel_geometry.h"
#include "coords/leaf_sets.h"
#include "coords/strides.h"
#include "core/checked.h"
#include "core/parallel.h"
#include "voxloom/kernel_map.h"
#include "voxloom/sets.h"

namespace voxloom {
namespace {

// The leaves of floor(c / stride).
std::vector<Leaf> strided_leaves(const CoordinateSet& source, Triple stride) {
  const bool is_power_of_two = std::has_single_bit(static_cast<std::uint32_t>(stride.x));
  if (is_power_of_two && stride == Triple(stride.x)) {
    const std::span<const Leaf> own = source.impl().index().leaves();
    std::vector<Leaf> leaves(own.begin(), own.end());
    for (std::int32_t left = stride.x; left > 1; left /= 2) leaves = halved(leaves);
    return leaves;
  }
  const std::span<const Coordinate> rows = source.rows();
  UninitializedVector<Coordinate> coarse(rows.size());
  constexpr std::int64_t kGrain = 4096;
  parallel_for(
      static_cast<std::int64_t>(rows.size()), kGrain, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
          const Coordinate& c = rows[i];
          coarse[i] = {c.batch, static_cast<std::int32_t>(floor_div(c.x, stride.x)),
                       static_cast<std::int32_t>(floor_div(c.y, stride.y)),
                       static_cast<std::int32_t>(floor_div(c.z, stride.z))};
        }
      });
  return leaves_of(coarse);
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

// The plain way, one coordinate at a time, and the one that names a coordinate that does not fit.
std::vector<Leaf> reached_one_by_one(std::string_view op, std::span<const Coordinate> rows,
                                     const KernelGeometry& geometry, OutputSide side,
                                     const std::optional<Bounds>& bounds) {
  const Triple& stride = geometry.stride;
  LeafCollector leaves;
  const auto add = [&](std::int32_t batch, std::int64_t x, std::int64_t y, std::int64_t z) {
    if (inside(bounds, x, y, z)) leaves.add(generated(op, batch, x, y, z));
  };
  for (const KernelGeometry::Shift& shift : geometry.shifts) {
    for (const Coordinate& c : rows) {
      if (side == OutputSide::fine) {
        add(c.batch, std::int64_t{c.x} * stride.x + shift.x, std::int64_t{c.y} * stride.y + shift.y,
            std::int64_t{c.z} * stride.z + shift.z);
        continue;
      }
      const std::int64_t x = c.x - shift.x;
      const std::int64_t y = c.y - shift.y;
      const std::int64_t z = c.z - shift.z;
      if (x % stride.x != 0 || y % stride.y != 0 || z % stride.z != 0) continue;
      add(c.batch, x / stride.x, y / stride.y, z / stride.z);
    }
  }
  return leaves.take();
}

}  // namespace

void require_bounds(std::string_view op, const Bounds& bounds) {
  const auto& [lo, hi] = bounds;
  require(lo[0] <= hi[0] && lo[1] <= hi[1] && lo[2] <= hi[2], op,
          "the bounds [({}), ({})) are inside out", fmt::join(lo, ","), fmt::join(hi, ","));
}

CoordinateSet strided_support(std::string_view op, const CoordinateSet& source, Triple stride) {
  const Triple out_stride = multiplied_stride(op, source.stride(), stride);
  if (stride == Triple(1)) return source;
  return derive(source, Derived::strided, {stride.x, stride.y, stride.z}, [&] {
    return with_memory_errors(op, [&] {
      return set_from_index(LeafIndex::from_sorted(strided_leaves(source, stride)), out_stride,
                            source.batch_size());
    });
  });
}

LeafIndex reached_index(std::string_view op, const CoordinateSet& source,
                        const KernelGeometry& geometry, OutputSide side,
                        const std::optional<Bounds>& bounds) {
  std::optional<std::vector<Leaf>> leaves;
  if (side == OutputSide::coarse && geometry.tiles()) {
    leaves = strided_leaves(source, geometry.stride);
  } else {
    leaves = swept(source.impl().index(), geometry, side);
  }
  if (!leaves) return LeafIndex(reached_one_by_one(op, source.rows(), geometry, side, bounds));
  if (bounds) clip(*leaves, *bounds);
  return LeafIndex::from_sorted(std::move(*leaves));
}

CoordinateSet reachable_support(std::string_view op, const CoordinateSet& source,
                                const KernelSpec& kernel, const std::optional<Bounds>& bounds) {
  const KernelGeometry geometry = KernelGeometry::from(op, kernel);
  if (bounds) require_bounds(op, *bounds);
  const Triple out_stride = multiplied_stride(op, source.stride(), geometry.stride);
  // The bounds stand before the shifts, whose number varies: six numbers behind them would read
  // like two more shifts.
  DerivedCache::Key key{bounds.has_value()};
  if (bounds) {
    key.insert(key.end(), bounds->lo.begin(), bounds->lo.end());
    key.insert(key.end(), bounds->hi.begin(), bounds->hi.end());
  }
  const DerivedCache::Key relation_key = geometry.key();
  key.insert(key.end(), relation_key.begin(), relation_key.end());
  return derive(source, Derived::reachable, std::move(key), [&] {
    return with_memory_errors(op, [&] {
      return set_from_index(reached_index(op, source, geometry, OutputSide::coarse, bounds),
                            out_stride, source.batch_size());
    });
  });
}

CoordinateSet transposed_support(std::string_view op, const CoordinateSet& source,
                                 const KernelSpec& kernel) {
  const KernelGeometry geometry = KernelGeometry::from(op, kernel);
  const Triple out_stride = divided_stride(op, source.stride(), geometry.stride);
  return derive(source, Derived::transposed, geometry.key(), [&] {
    return with_memory_errors(op, [&] {
      return set_from_index(reached_index(op, source, geometry, OutputSide::fine, {}), out_stride,
                            source.batch_size());
    });
  });
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
