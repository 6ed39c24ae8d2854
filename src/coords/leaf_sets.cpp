#include "coords/leaf_sets.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "coords/leaf_runs.h"
#include "coords/leaf_shift.h"
#include "coords/stencil.h"
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

// What input leaves send to output leaves, each by itself.
struct Sent {
  std::vector<Coordinate> to;         // positions of output leaves
  std::vector<std::uint64_t> places;  // that are reached there
};

class Sender {
 public:
  // Words of the tables that are worth it: 16 MiB.
  static constexpr std::size_t kMostWords = std::size_t{1} << 21;

  // Nothing when the tables would be too large.
  [[nodiscard]] static std::optional<Sender> make(const Stencil& stencil,
                                                  const KernelGeometry& geometry, OutputSide side) {
    if (stencil.classes().size() * 64 * stencil.cell_count() > kMostWords) return std::nullopt;
    return Sender(stencil, geometry, side);
  }

  [[nodiscard]] Sent send(std::span<const Leaf> leaves) const {
    std::vector<Sent> parts((leaves.size() + kLeafGrain - 1) / kLeafGrain);
    parallel_for(static_cast<std::int64_t>(leaves.size()), kLeafGrain,
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     send_leaf(leaves[static_cast<std::size_t>(i)],
                               parts[static_cast<std::size_t>(begin / kLeafGrain)]);
                   }
                 });
    Sent all;
    for (const Sent& part : parts) {
      all.to.insert(all.to.end(), part.to.begin(), part.to.end());
      all.places.insert(all.places.end(), part.places.begin(), part.places.end());
    }
    return all;
  }

 private:
  Sender(const Stencil& stencil, const KernelGeometry& geometry, OutputSide side)
      : stencil_(stencil), stride_(geometry.stride), side_(side) {
    for (const Stencil::Class& tables : stencil.classes()) {
      std::vector<std::uint64_t>& reached = reached_.emplace_back(64 * stencil.cell_count(), 0);
      for (std::size_t k = 0; k < stencil.volume(); ++k) {
        for (std::uint64_t rest = tables.valid[k]; rest != 0; rest &= rest - 1) {
          const auto place = static_cast<std::size_t>(std::countr_zero(rest));
          reached[tables.partner[64 * k + place]] |= std::uint64_t{1} << place;
        }
      }
    }
  }

  void send_leaf(const Leaf& leaf, Sent& sent) const {
    const auto& [x_axis, y_axis, z_axis] = stencil_.axes();
    std::size_t cell = 0;
    for (const std::int64_t qx : x_axis.cells) {
      const Outputs xs = outputs_of(leaf.position.x, qx, stride_.x, side_);
      for (const std::int64_t qy : y_axis.cells) {
        const Outputs ys = outputs_of(leaf.position.y, qy, stride_.y, side_);
        if (xs.count * ys.count == 0) {
          cell += z_axis.cells.size();
          continue;
        }
        for (const std::int64_t qz : z_axis.cells) {
          send_cell(leaf, cell++, xs, ys, outputs_of(leaf.position.z, qz, stride_.z, side_), sent);
        }
      }
    }
  }

  // On the fine side an axis has as many outputs as classes, in their order; on the coarse side there is one.
  void send_cell(const Leaf& leaf, std::size_t cell, const Outputs& xs, const Outputs& ys,
                 const Outputs& zs, Sent& sent) const {
    for (std::int64_t x = 0; x < xs.count; ++x) {
      for (std::int64_t y = 0; y < ys.count; ++y) {
        for (std::int64_t z = 0; z < zs.count; ++z) {
          const auto number = static_cast<std::size_t>((x * ys.count + y) * zs.count + z);
          const std::uint64_t* reached = reached_[number].data() + 64 * cell;
          std::uint64_t places = 0;
          std::uint64_t rest = leaf.mask & stencil_.classes()[number].takes[cell];
          for (; rest != 0; rest &= rest - 1) places |= reached[std::countr_zero(rest)];
          if (places == 0) continue;
          sent.to.push_back({leaf.position.batch, static_cast<std::int32_t>(xs.first + x),
                             static_cast<std::int32_t>(ys.first + y),
                             static_cast<std::int32_t>(zs.first + z)});
          sent.places.push_back(places);
        }
      }
    }
  }

  const Stencil& stencil_;
  Triple stride_;
  OutputSide side_;
  std::vector<std::vector<std::uint64_t>> reached_;  // [class][64 cell + place] output places
};

// The leaves that something was sent to, in canonical order: a leaf of positions is a branch.
std::vector<Leaf> merged(const Sent& sent) {
  const LeafOrder order(sent.to);
  const LeafRuns branches(order);
  std::vector<std::size_t> first(branches.size() + 1, 0);
  branches.for_each([&](std::size_t branch, std::int64_t begin, std::int64_t end) {
    std::uint64_t mask = 0;
    for (std::int64_t i = begin; i < end; ++i) mask |= std::uint64_t{1} << order.bit(i);
    first[branch + 1] = static_cast<std::size_t>(count_bits(mask));
  });
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  std::vector<Leaf> leaves(first.back());
  branches.for_each([&](std::size_t branch, std::int64_t begin, std::int64_t end) {
    std::array<std::uint64_t, 64> masks{};
    for (std::int64_t i = begin; i < end; ++i) {
      masks[static_cast<std::size_t>(order.bit(i))] |=
          sent.places[static_cast<std::size_t>(order.row(i))];
    }
    const LeafPosition position = order.position(begin);
    Leaf* leaf = leaves.data() + first[branch];
    for (int bit = 0; bit < 64; ++bit) {
      const std::uint64_t mask = masks[static_cast<std::size_t>(bit)];
      if (mask == 0) continue;
      const Coordinate c = coordinate_at(position, bit);
      *leaf++ = {.position = {c.batch, c.x, c.y, c.z}, .mask = mask};
    }
  });
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
  const std::optional<Sender> sender = Sender::make(*stencil, geometry, side);
  if (!sender) return std::nullopt;
  const Sent sent = sender->send(in.leaves());
  if (sent.to.size() > LeafOrder::kMostRows) return std::nullopt;
  return merged(sent);
}

void clip(std::vector<Leaf>& leaves, const Bounds& bounds) {
  for (Leaf& leaf : leaves) {
    const std::array<std::int64_t, 3> position = axes_of(leaf.position);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::int64_t first = 4 * position[axis];
      if (first >= bounds.lo[axis] && first + 3 < bounds.hi[axis]) continue;
      for (int place = 0; place < 4; ++place) {
        const std::int64_t c = first + place;
        const bool inside = c >= bounds.lo[axis] && c < bounds.hi[axis];
        if (!inside) leaf.mask &= ~leaf_shift::slab(static_cast<int>(axis), place);
      }
    }
  }
}

}  // namespace voxloom
