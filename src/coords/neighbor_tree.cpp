#include "coords/neighbor_tree.h"

#include <limits>

namespace voxloom {
namespace {

constexpr std::size_t kFanOut = 8;

template <typename Distance>
Distance square(std::int64_t difference) {
  const auto magnitude = static_cast<Distance>(difference < 0 ? -difference : difference);
  return magnitude * magnitude;
}

// How far `value` is outside [lo, hi].
std::int64_t gap(std::int64_t value, std::int64_t lo, std::int64_t hi) {
  return value < lo ? lo - value : value > hi ? value - hi : 0;
}

// Keeps the k least neighbours: a heap with the worst on top.
template <typename Distance>
class NearestSink {
 public:
  NearestSink(std::size_t k, std::vector<Neighbor<Distance>>& heap) : k_(k), heap_(heap) {}

  [[nodiscard]] bool may_take(Distance squared) const {
    return heap_.size() < k_ || squared <= heap_.front().squared;
  }
  void take(const Neighbor<Distance>& neighbor) {
    if (heap_.size() == k_) {
      if (!(neighbor < heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.back() = neighbor;
    } else {
      heap_.push_back(neighbor);
    }
    std::push_heap(heap_.begin(), heap_.end());
  }

 private:
  std::size_t k_;
  std::vector<Neighbor<Distance>>& heap_;
};

template <typename Distance>
class RadiusSink {
 public:
  RadiusSink(Distance limit, std::vector<Neighbor<Distance>>& found)
      : limit_(limit), found_(found) {}

  [[nodiscard]] bool may_take(Distance squared) const { return squared <= limit_; }
  void take(const Neighbor<Distance>& neighbor) { found_.push_back(neighbor); }

 private:
  Distance limit_;
  std::vector<Neighbor<Distance>>& found_;
};

}  // namespace

// Goes down the tree, nearest box first, and skips what the sink cannot take any more.
template <typename Distance, typename Sink>
class NeighborTree::Search {
 public:
  Search(const NeighborTree& tree, const Coordinate& query, Sink& sink)
      : tree_(tree), impl_(tree.points_.impl()), query_(query), sink_(sink) {}

  void visit(std::size_t level, std::size_t first, std::size_t last) {
    struct Child {
      Distance squared;
      std::size_t place;
    };
    std::array<Child, kFanOut> children;
    std::size_t count = 0;
    for (std::size_t place = first; place < last; ++place) {
      const Box& box = tree_.levels_[level][place];
      if (query_.batch < box.first_batch || query_.batch > box.last_batch) continue;
      const Child child{squared_to(box), place};
      std::size_t at = count++;
      for (; at > 0 && child.squared < children[at - 1].squared; --at) {
        children[at] = children[at - 1];
      }
      children[at] = child;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!sink_.may_take(children[i].squared)) return;
      if (level == 0) {
        visit_leaf(children[i].place);
      } else {
        const std::size_t begin = children[i].place * kFanOut;
        visit(level - 1, begin, std::min(begin + kFanOut, tree_.levels_[level - 1].size()));
      }
    }
  }

 private:
  [[nodiscard]] Distance squared_to(const Box& box) const {
    return square<Distance>(gap(query_.x, box.lo[0], box.hi[0])) +
           square<Distance>(gap(query_.y, box.lo[1], box.hi[1])) +
           square<Distance>(gap(query_.z, box.lo[2], box.hi[2]));
  }

  void visit_leaf(std::size_t number) {
    const Leaf& leaf = impl_.index().leaves()[number];
    std::int32_t rank = leaf.first;
    for (std::uint64_t mask = leaf.mask; mask != 0; mask &= mask - 1, ++rank) {
      const Coordinate c = coordinate_at(leaf.position, std::countr_zero(mask));
      const Distance squared = square<Distance>(std::int64_t{query_.x} - c.x) +
                               square<Distance>(std::int64_t{query_.y} - c.y) +
                               square<Distance>(std::int64_t{query_.z} - c.z);
      if (sink_.may_take(squared)) sink_.take({squared, impl_.row_at(rank)});
    }
  }

  const NeighborTree& tree_;
  const CoordinateSet::Impl& impl_;
  const Coordinate query_;
  Sink& sink_;
};

NeighborTree::Box NeighborTree::box_of(const Leaf& leaf) {
  const Coordinate lo = coordinate_at(leaf.position, 0);
  const Coordinate hi = coordinate_at(leaf.position, 63);
  return {{lo.x, lo.y, lo.z}, {hi.x, hi.y, hi.z}, lo.batch, lo.batch};
}

NeighborTree::Box NeighborTree::around(std::span<const Box> boxes) {
  Box all = boxes.front();
  for (const Box& box : boxes.subspan(1)) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      all.lo[axis] = std::min(all.lo[axis], box.lo[axis]);
      all.hi[axis] = std::max(all.hi[axis], box.hi[axis]);
    }
    all.last_batch = box.last_batch;  // boxes stand in ascending batch order
  }
  return all;
}

NeighborTree::NeighborTree(const CoordinateSet& points) : points_(points), levels_(1) {
  for (const Leaf& leaf : points.impl().index().leaves()) levels_[0].push_back(box_of(leaf));
  while (levels_.back().size() > 1) {
    const std::span<const Box> below = levels_.back();
    std::vector<Box> level;
    for (std::size_t first = 0; first < below.size(); first += kFanOut) {
      level.push_back(around(below.subspan(first, std::min(kFanOut, below.size() - first))));
    }
    levels_.push_back(std::move(level));
  }
}

bool NeighborTree::fits_64_bits(std::span<const Coordinate> query) const {
  if (query.empty() || levels_.back().empty()) return true;
  Box all = levels_.back().front();
  for (const Coordinate& c : query) {
    const std::array<std::int32_t, 3> at = {c.x, c.y, c.z};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      all.lo[axis] = std::min(all.lo[axis], at[axis]);
      all.hi[axis] = std::max(all.hi[axis], at[axis]);
    }
  }
  // Three squares of numbers below 2^31 stay below 2^64.
  constexpr std::int64_t kLimit = std::int64_t{1} << 31;
  return std::int64_t{all.hi[0]} - all.lo[0] < kLimit &&
         std::int64_t{all.hi[1]} - all.lo[1] < kLimit &&
         std::int64_t{all.hi[2]} - all.lo[2] < kLimit;
}

template <typename Distance>
void NeighborTree::k_nearest(const Coordinate& query, std::size_t k,
                             std::vector<Neighbor<Distance>>& nearest) const {
  nearest.clear();
  NearestSink<Distance> sink(k, nearest);
  Search<Distance, NearestSink<Distance>>(*this, query, sink)
      .visit(top(), 0, levels_.back().size());
  std::sort_heap(nearest.begin(), nearest.end());
}

template <typename Distance>
void NeighborTree::within(const Coordinate& query, Distance limit,
                          std::vector<Neighbor<Distance>>& found) const {
  found.clear();
  RadiusSink<Distance> sink(limit, found);
  Search<Distance, RadiusSink<Distance>>(*this, query, sink).visit(top(), 0, levels_.back().size());
  std::sort(found.begin(), found.end());
}

template void NeighborTree::k_nearest<std::uint64_t>(const Coordinate&, std::size_t,
                                                     std::vector<Neighbor<std::uint64_t>>&) const;
template void NeighborTree::k_nearest<Wide>(const Coordinate&, std::size_t,
                                            std::vector<Neighbor<Wide>>&) const;
template void NeighborTree::within<std::uint64_t>(const Coordinate&, std::uint64_t,
                                                  std::vector<Neighbor<std::uint64_t>>&) const;
template void NeighborTree::within<Wide>(const Coordinate&, Wide,
                                         std::vector<Neighbor<Wide>>&) const;

}  // namespace voxloom
