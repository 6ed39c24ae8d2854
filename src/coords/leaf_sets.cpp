#include "coords/leaf_sets.h"

#include <algorithm>
#include <array>
#include <limits>

#include "coords/leaf_hits.h"
#include "coords/leaf_runs.h"
#include "coords/leaf_shift.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

constexpr std::int64_t kLeafGrain = 512;  // leaves per chunk

std::array<std::int64_t, 3> axes_of(const LeafPosition& p) { return {p.x, p.y, p.z}; }

std::int64_t shift_on(const KernelGeometry::Shift& shift, std::size_t axis) {
  return axis == 0 ? shift.x : axis == 1 ? shift.y : shift.z;
}

// Whether every coordinate that the geometry can make of the leaves' coordinates fits int32. There is
// at least one leaf.
bool stays_inside(std::span<const Leaf> leaves, const KernelGeometry& geometry, OutputSide side) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t largest = std::numeric_limits<std::int64_t>::min();
    for (const Leaf& leaf : leaves) {
      least = std::min(least, 4 * axes_of(leaf.position)[axis]);
      largest = std::max(largest, 4 * axes_of(leaf.position)[axis] + 3);
    }
    const std::int64_t stride = geometry.stride[static_cast<int>(axis)];
    for (const KernelGeometry::Shift& each : geometry.shifts) {
      const std::int64_t shift = shift_on(each, axis);
      const bool coarse = side == OutputSide::coarse;
      const std::int64_t lo = coarse ? (least - shift) / stride - 1 : least * stride + shift;
      const std::int64_t hi = coarse ? (largest - shift) / stride + 1 : largest * stride + shift;
      if (!fits_int32(lo) || !fits_int32(hi)) return false;
    }
  }
  return true;
}

// The output leaves, on one axis, whose cell `q` is the input leaf: base(P) + q = position.
struct Outputs {
  std::int64_t first, count;
};
Outputs outputs_of(std::int64_t position, std::int64_t q, std::int64_t stride, OutputSide side) {
  const std::int64_t base = position - q;
  if (side == OutputSide::fine) return {base * stride, stride};
  return {floor_div(base, stride), base % stride == 0 ? 1 : 0};
}

// Output leaves that may hold something, each as often as some input leaf sends there.
class Candidates {
 public:
  Candidates(const Stencil& stencil, const KernelGeometry& geometry, OutputSide side)
      : stencil_(stencil), geometry_(geometry), side_(side) {}

  [[nodiscard]] std::vector<Coordinate> collect(std::span<const Leaf> leaves) const {
    std::vector<std::vector<Coordinate>> parts((leaves.size() + kLeafGrain - 1) / kLeafGrain);
    parallel_for(static_cast<std::int64_t>(leaves.size()), kLeafGrain,
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     add(leaves[static_cast<std::size_t>(i)],
                         parts[static_cast<std::size_t>(begin / kLeafGrain)]);
                   }
                 });
    std::vector<Coordinate> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }

 private:
  void add(const Leaf& leaf, std::vector<Coordinate>& candidates) const {
    std::size_t cell = 0;
    const std::array<std::int64_t, 3> at = axes_of(leaf.position);
    for (const std::int64_t qx : stencil_.axes()[0].cells) {
      const Outputs x = outputs_of(at[0], qx, geometry_.stride.x, side_);
      for (const std::int64_t qy : stencil_.axes()[1].cells) {
        const Outputs y = outputs_of(at[1], qy, geometry_.stride.y, side_);
        for (const std::int64_t qz : stencil_.axes()[2].cells) {
          const Outputs z = outputs_of(at[2], qz, geometry_.stride.z, side_);
          add_cell(leaf, cell++, x, y, z, candidates);
        }
      }
    }
  }

  void add_cell(const Leaf& leaf, std::size_t cell, const Outputs& xs, const Outputs& ys,
                const Outputs& zs, std::vector<Coordinate>& candidates) const {
    for (std::int64_t x = xs.first; x < xs.first + xs.count; ++x) {
      for (std::int64_t y = ys.first; y < ys.first + ys.count; ++y) {
        for (std::int64_t z = zs.first; z < zs.first + zs.count; ++z) {
          const LeafPosition p{leaf.position.batch, static_cast<std::int32_t>(x),
                               static_cast<std::int32_t>(y), static_cast<std::int32_t>(z)};
          if ((leaf.mask & stencil_.class_of(p).takes[cell]) == 0) continue;
          candidates.push_back({p.batch, p.x, p.y, p.z});
        }
      }
    }
  }

  const Stencil& stencil_;
  const KernelGeometry& geometry_;
  OutputSide side_;
};

// Full leaves at the given positions, in canonical order: a leaf of positions is a branch.
std::vector<Leaf> full_leaves(std::span<const Coordinate> positions) {
  std::vector<Leaf> leaves;
  for (const Leaf& branch : leaves_of(positions)) {
    for (std::uint64_t rest = branch.mask; rest != 0; rest &= rest - 1) {
      const Coordinate c = coordinate_at(branch.position, std::countr_zero(rest));
      leaves.push_back({.position = {c.batch, c.x, c.y, c.z}, .mask = ~std::uint64_t{0}});
    }
  }
  return leaves;
}

}  // namespace

std::vector<Leaf> leaves_of(std::span<const Coordinate> rows) {
  if (rows.size() > LeafOrder::kMostRows) {
    LeafCollector collector;
    for (const Coordinate& c : rows) collector.add(c);
    const LeafIndex index(collector.take());
    return {index.leaves().begin(), index.leaves().end()};
  }
  const LeafOrder order(rows);
  const LeafRuns runs(order);
  std::vector<Leaf> leaves(runs.size());
  runs.for_each([&](std::size_t run, std::int64_t begin, std::int64_t end) {
    leaves[run].position = order.position(begin);
    for (std::int64_t place = begin; place < end; ++place) {
      leaves[run].mask |= std::uint64_t{1} << order.bit(place);
    }
  });
  return leaves;
}

// Halving keeps the Z-order, so eight siblings in a row become the octants of one leaf, and each of
// their octants, eight bits of the mask, becomes one place.
std::vector<Leaf> halved(std::span<const Leaf> leaves) {
  std::vector<Leaf> result;
  for (const Leaf& leaf : leaves) {
    const LeafPosition& p = leaf.position;
    const LeafPosition parent{p.batch, p.x >> 1, p.y >> 1, p.z >> 1};
    if (result.empty() || result.back().position != parent) result.push_back({.position = parent});
    std::uint64_t occupied = leaf.mask | (leaf.mask >> 4);
    occupied |= occupied >> 2;
    occupied = (occupied | (occupied >> 1)) & 0x0101010101010101U;
    const std::uint64_t octants = (occupied * 0x0102040810204080U) >> 56;
    result.back().mask |= octants << (8 * (((p.x & 1) << 2) | ((p.y & 1) << 1) | (p.z & 1)));
  }
  return result;
}

std::optional<std::vector<Leaf>> swept(const LeafIndex& in, const KernelGeometry& geometry,
                                       OutputSide side) {
  if (in.leaves().empty()) return std::vector<Leaf>{};
  const std::optional<Stencil> stencil = Stencil::make(geometry, side);
  if (!stencil || !stays_inside(in.leaves(), geometry, side)) return std::nullopt;
  std::optional<ShiftSequence> shifts;
  if (stencil->is_shift()) shifts.emplace(*stencil, side);
  const std::vector<Coordinate> candidates =
      Candidates(*stencil, geometry, side).collect(in.leaves());
  if (candidates.size() > LeafOrder::kMostRows) return std::nullopt;
  std::vector<Leaf> leaves = full_leaves(candidates);
  const CellTable cells(*stencil, leaves, in);
  parallel_for(static_cast<std::int64_t>(leaves.size()), kLeafGrain,
               [&](std::int64_t begin, std::int64_t end) {
                 LeafHits hits(*stencil, shifts ? &*shifts : nullptr, in, cells);
                 for (auto first = static_cast<std::size_t>(begin);
                      first < static_cast<std::size_t>(end); first += kLeafLanes) {
                   const std::size_t count =
                       std::min(kLeafLanes, static_cast<std::size_t>(end) - first);
                   hits.find(std::span(leaves).subspan(first, count), first);
                   for (std::size_t lane = 0; lane < count; ++lane) {
                     std::uint64_t mask = 0;
                     for (std::size_t k = 0; k < stencil->volume(); ++k) mask |= hits.of(k, lane);
                     leaves[first + lane].mask = mask;
                   }
                 }
               });
  return leaves;
}

void clip(std::vector<Leaf>& leaves, const Bounds& bounds) {
  for (Leaf& leaf : leaves) {
    const std::array<std::int64_t, 3> position = axes_of(leaf.position);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      for (int place = 0; place < 4; ++place) {
        const std::int64_t c = 4 * position[axis] + place;
        const bool inside = c >= bounds.lo[axis] && c < bounds.hi[axis];
        if (!inside) leaf.mask &= ~leaf_shift::slab(static_cast<int>(axis), place);
      }
    }
  }
}

}  // namespace voxloom
