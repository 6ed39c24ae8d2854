#include "voxloom/sets.h"

#include <algorithm>
#include <numeric>

#include "coords/derive.h"
#include "core/checked.h"
#include "core/parallel.h"

namespace voxloom {
namespace {

void require_same_stride(std::string_view op, const CoordinateSet& a, const CoordinateSet& b) {
  require(a.stride() == b.stride(), op, "strides differ: {} and {}", a.stride(), b.stride());
}

// The set remembered with `a` for this operation with `b`, or the one that `collect` makes.
template <typename Collect>
CoordinateSet combine(std::string_view op, Derived kind, const CoordinateSet& a,
                      const CoordinateSet& b, const Collect& collect) {
  require_same_stride(op, a, b);
  return derive(a, kind, {static_cast<std::int64_t>(b.impl().id())}, [&] {
    return with_memory_errors(op, [&] {
      LeafCollector leaves;
      collect(leaves);
      return set_from_index(LeafIndex(leaves.take()), a.stride(),
                            std::max(a.batch_size(), b.batch_size()));
    });
  });
}

// The mask of b's leaf at `position`, or 0.
std::uint64_t mask_at(const LeafIndex& index, const LeafPosition& position) {
  const std::int32_t leaf = index.find_leaf(position);
  return leaf < 0 ? 0 : index.leaves()[static_cast<std::size_t>(leaf)].mask;
}

}  // namespace

CoordinateSet union_of(const CoordinateSet& a, const CoordinateSet& b) {
  return combine("union_of", Derived::union_of, a, b, [&](LeafCollector& leaves) {
    for (const CoordinateSet* set : {&a, &b}) {
      for (const Leaf& leaf : set->impl().index().leaves()) leaves.add(leaf.position, leaf.mask);
    }
  });
}

CoordinateSet intersection_of(const CoordinateSet& a, const CoordinateSet& b) {
  return combine("intersection_of", Derived::intersection_of, a, b, [&](LeafCollector& leaves) {
    for (const Leaf& leaf : a.impl().index().leaves()) {
      leaves.add(leaf.position, leaf.mask & mask_at(b.impl().index(), leaf.position));
    }
  });
}

CoordinateSet difference_of(const CoordinateSet& a, const CoordinateSet& b) {
  return combine("difference_of", Derived::difference_of, a, b, [&](LeafCollector& leaves) {
    for (const Leaf& leaf : a.impl().index().leaves()) {
      leaves.add(leaf.position, leaf.mask & ~mask_at(b.impl().index(), leaf.position));
    }
  });
}

std::vector<std::int32_t> lookup(const CoordinateSet& set,
                                 std::span<const Coordinate> coordinates) {
  std::vector<std::int32_t> rows(coordinates.size());
  const CoordinateSet::Impl& impl = set.impl();
  const LeafIndex& index = impl.index();
  constexpr std::int64_t kGrain = 4096;
  parallel_for(
      static_cast<std::int64_t>(rows.size()), kGrain, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
          const Coordinate& c = coordinates[i];
          rows[i] = impl.row_at(index.rank(c.batch, c.x, c.y, c.z));
        }
      });
  return rows;
}

SortedSet sort_canonical(const CoordinateSet& set) {
  const CoordinateSet::Impl& impl = set.impl();
  require(impl.index().size() == set.size(), "sort_canonical",
          "the set was trusted to have distinct rows, but {} of its {} rows repeat others",
          set.size() - impl.index().size(), set.size());
  const std::span<const std::int32_t> order = impl.row_of_rank();
  std::vector<std::int32_t> permutation(order.begin(), order.end());
  if (permutation.empty()) {
    permutation.resize(static_cast<std::size_t>(set.size()));
    std::iota(permutation.begin(), permutation.end(), 0);
  }
  std::vector<std::int32_t> inverse(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int32_t>(i);
  }
  CoordinateSet sorted = derive(set, Derived::sorted, {}, [&] {
    return set.is_canonical() ? set : set_from_index(impl.index(), set.stride(), set.batch_size());
  });
  return {std::move(sorted), std::move(permutation), std::move(inverse)};
}

}  // namespace voxloom
