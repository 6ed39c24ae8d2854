// Properties that hold for every set, searched by RapidCheck.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "coords/cases.h"
#include "voxloom/parallel.h"

namespace voxloom::test {
namespace {

// Small coordinates meet often; some lie at the ends of int32.
rc::Gen<std::int32_t> axis_values() {
  return rc::gen::weightedOneOf<std::int32_t>(
      {{20, rc::gen::inRange<std::int32_t>(-9, 9)},
       {1, rc::gen::inRange<std::int32_t>(kMax - 3, kMax)},
       {1, rc::gen::inRange<std::int32_t>(kMin, kMin + 3)}});
}

Rows any_rows() {
  const auto row = rc::gen::tuple(rc::gen::inRange(0, 3), axis_values(), axis_values(),
                                  rc::gen::inRange<std::int32_t>(-5, 5));
  const auto values = *rc::gen::unique<std::vector<std::tuple<int, int, int, int>>>(row);
  Rows rows;
  for (const auto& [batch, x, y, z] : values) rows.push_back({batch, x, y, z});
  return rows;
}

CoordinateSet any_set() { return CoordinateSet::from_rows(any_rows()); }

Triple any_triple(std::int32_t lo, std::int32_t hi) {
  return {*rc::gen::inRange(lo, hi), *rc::gen::inRange(lo, hi), *rc::gen::inRange(lo, hi)};
}

KernelSpec any_kernel() {
  return {.kernel_size = any_triple(1, 5),
          .stride = any_triple(1, 4),
          .padding = any_triple(0, 3),
          .dilation = any_triple(1, 4),
          .origin = *rc::gen::element(Origin::centered, Origin::corner)};
}

std::vector<MapEntry> sorted(std::vector<MapEntry> entries) {
  std::ranges::sort(entries, [](const MapEntry& a, const MapEntry& b) {
    return std::tie(a.out_row, a.k, a.in_row) < std::tie(b.out_row, b.k, b.in_row);
  });
  return entries;
}

Rows rows_of(const CoordinateSet& set) { return {set.rows().begin(), set.rows().end()}; }

RC_GTEST_PROP(Property, PermutingInputRowsOnlyPermutesMatchingRows, ()) {
  const Rows rows = any_rows();
  const CoordinateSet target = any_set();
  const KernelSpec kernel = any_kernel();
  std::vector<std::int32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  oracle::Random random(*rc::gen::arbitrary<std::uint64_t>());
  Rows shuffled;
  order.clear();
  for (const std::int64_t i :
       oracle::random_permutation(random, static_cast<std::int64_t>(rows.size()))) {
    order.push_back(static_cast<std::int32_t>(i));
    shuffled.push_back(rows[static_cast<std::size_t>(i)]);
  }
  const auto plain = forward_map(CoordinateSet::from_rows(rows), target, kernel).triples();
  auto moved = forward_map(CoordinateSet::from_rows(shuffled), target, kernel).triples();
  for (MapEntry& entry : moved) entry.in_row = order[static_cast<std::size_t>(entry.in_row)];
  RC_ASSERT(sorted(moved) == plain);
}

RC_GTEST_PROP(Property, TheSwappedMapIsTheMap, ()) {
  const CoordinateSet in = any_set();
  const CoordinateSet out = any_set();
  const KernelSpec kernel = any_kernel();
  const KernelMap map = forward_map(in, out, kernel);
  std::vector<MapEntry> back = map.swapped().triples();
  for (MapEntry& entry : back) std::swap(entry.in_row, entry.out_row);
  RC_ASSERT(sorted(back) == map.triples());
  RC_ASSERT(map.swapped().swapped() == map);
  RC_ASSERT(map.swapped() == transposed_map(out, in, kernel));
}

RC_GTEST_PROP(Property, MapsAgreeWithTheDefiningEquation, ()) {
  const CoordinateSet in = any_set();
  const CoordinateSet out = any_set();
  const KernelSpec kernel = any_kernel();
  const auto expected = oracle::naive_kernel_map(to_coords(in), to_coords(out), to_offsets(kernel),
                                                 to_geometry(kernel), oracle::Direction::kForward);
  std::vector<oracle::MapEntry> actual;
  for (const MapEntry& e : forward_map(in, out, kernel).triples()) {
    actual.push_back({e.in_row, e.out_row, e.k});
  }
  RC_ASSERT(actual == expected.entries);
}

RC_GTEST_PROP(Property, UnionIntersectionAndDifferenceObeySetAlgebra, ()) {
  const CoordinateSet a = any_set();
  const CoordinateSet b = any_set();
  const CoordinateSet c = any_set();
  RC_ASSERT(rows_of(union_of(a, b)) == rows_of(union_of(b, a)));
  RC_ASSERT(rows_of(intersection_of(a, b)) == rows_of(intersection_of(b, a)));
  RC_ASSERT(rows_of(union_of(union_of(a, b), c)) == rows_of(union_of(a, union_of(b, c))));
  RC_ASSERT(rows_of(intersection_of(a, union_of(b, c))) ==
            rows_of(union_of(intersection_of(a, b), intersection_of(a, c))));
  RC_ASSERT(rows_of(difference_of(a, b)) == rows_of(difference_of(a, intersection_of(a, b))));
  RC_ASSERT(rows_of(union_of(difference_of(a, b), intersection_of(a, b))) ==
            rows_of(sort_canonical(a).set));
  RC_ASSERT(difference_of(a, a).size() == 0);
}

RC_GTEST_PROP(Property, CanonicalOrderDependsOnTheSetAlone, ()) {
  Rows rows = any_rows();
  const CoordinateSet set = CoordinateSet::from_rows(rows);
  const KernelSpec kernel = any_kernel();
  const Bounds bounds{{-20, -20, -20}, {20, 20, 20}};
  const Rows expected = rows_of(reachable_support(set, kernel, bounds));
  RC_ASSERT(std::ranges::is_sorted(expected, canonical_less));
  std::ranges::reverse(rows);
  Rows actual;
  with_threads(*rc::gen::inRange(1, 4), [&] {
    actual = rows_of(reachable_support(CoordinateSet::from_rows(rows), kernel, bounds));
  });
  RC_ASSERT(actual == expected);
}

RC_GTEST_PROP(Property, DownsamplingInOneStepOrTwoIsTheSame, ()) {
  const CoordinateSet set = any_set();
  const Triple first = any_triple(1, 5);
  const Triple second = any_triple(1, 5);
  const Triple both(first.x * second.x, first.y * second.y, first.z * second.z);
  RC_ASSERT(rows_of(sort_canonical(downsample(downsample(set, first), second)).set) ==
            rows_of(sort_canonical(downsample(set, both)).set));
}

}  // namespace
}  // namespace voxloom::test
