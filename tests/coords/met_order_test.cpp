// Outputs numbered as a loop over kernel offsets, then input rows, makes them, and tables of pairs by offset.
#include "coords/met_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "coords/cases.h"
#include "coords/map_blocks.h"
#include "coords/offset_table.h"

namespace voxloom::test {
namespace {

bool lies_inside(const Bounds& bounds, const std::array<oracle::Wide, 3>& p) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (p[axis] < bounds.lo[axis] || p[axis] >= bounds.hi[axis]) return false;
  }
  return true;
}

std::vector<oracle::Coord> made_by_the_loop(const CoordinateSet& source, const KernelSpec& kernel,
                                            OutputSide side, const Bounds& bounds) {
  const oracle::Geometry geometry = to_geometry(kernel);
  std::vector<oracle::Coord> made;
  std::set<oracle::Coord> seen;
  for (const oracle::Triple& offset : to_offsets(kernel)) {
    for (const oracle::Coord& c : to_coords(source)) {
      std::array<oracle::Wide, 3> out{};
      if (side == OutputSide::fine) {
        out = oracle::apply_offset(c, offset, geometry);
      } else if (!oracle::solve_offset(c, offset, geometry, out)) {
        continue;
      }
      if (!lies_inside(bounds, out)) continue;
      const oracle::Coord coord = oracle::checked_coord(c[0], out);
      if (seen.insert(coord).second) made.push_back(coord);
    }
  }
  return made;
}

std::vector<CoordinateSet> sources() {
  oracle::Random random(91);
  const oracle::CoordOptions some = {
      .count = 600, .start = {-9, -4, 0}, .extent = {18, 13, 11}, .batches = {0, 3}};
  const CoordinateSet scattered = set_of(oracle::random_coords(random, some));
  return {scattered, sort_canonical(scattered).set, set_of(oracle::full_box({0, -3, 2}, {7, 9, 6})),
          CoordinateSet()};
}

void expect_reached(const CoordinateSet& source, const KernelSpec& kernel, OutputSide side,
                    const Bounds& bounds) {
  SCOPED_TRACE(describe(kernel));
  const Reached made = reached_as_met("test", source, kernel, side, bounds);
  ASSERT_EQ(to_coords(made.set), made_by_the_loop(source, kernel, side, bounds));
  for (std::int64_t row = 0; row < made.set.size(); ++row) {
    ASSERT_EQ(made.set.find(made.set[row]), row);
  }
  EXPECT_EQ(made.map.source(), source);
  EXPECT_EQ(made.map.target(), made.set);
  const oracle::Direction direction =
      side == OutputSide::coarse ? oracle::Direction::kForward : oracle::Direction::kTransposed;
  const oracle::KernelMap expected = oracle_map(source, made.set, kernel, direction);
  expect_map(made.map, expected);
  expect_map(made.map.swapped(), oracle::swapped(expected));
  // Entry for entry what the map onto these rows has when nothing is known of it.
  const CoordinateSet again = CoordinateSet::from_rows(made.set.rows());
  const KernelMap plain = side == OutputSide::coarse ? forward_map(source, again, kernel)
                                                     : transposed_map(source, again, kernel);
  const BlockedEntries &actual = *blocks_of(made.map).entries, &built = *blocks_of(plain).entries;
  EXPECT_EQ(actual.begin, built.begin);
  EXPECT_EQ(actual.in_row, built.in_row);
  EXPECT_EQ(actual.out_local, built.out_local);
  EXPECT_EQ(actual.single_partner, built.single_partner);
}

TEST(MetOrder, SetOrderAndMapAreThoseOfTheLoop) {
  const std::vector<CoordinateSet> all = sources();
  const Bounds whole{{-1000, -1000, -1000}, {1000, 1000, 1000}}, corner{{0, 0, 0}, {5, 4, 3}};
  std::size_t number = 0;
  for (const KernelSpec& kernel : kernels_of({1, 2, 3, {4, 1, 2}})) {
    const CoordinateSet& source = all[number++ % all.size()];
    for (const OutputSide side : {OutputSide::coarse, OutputSide::fine}) {
      expect_reached(source, kernel, side, number % 3 == 0 ? whole : corner);
    }
  }
  for (const auto& offsets : offset_lists()) {
    const KernelSpec kernel{.stride = {2, 1, 1}, .offsets = offsets};
    expect_reached(all[0], kernel, OutputSide::coarse, corner);
  }
}

TEST(MetOrder, OffsetsThatRepeatDoNotFillTheirCell) {
  const CoordinateSet source = set_of(oracle::full_box({0, 0, 0}, {4, 4, 4}));
  const Bounds bounds{{0, 0, 0}, {9, 9, 9}};
  expect_reached(source, {.stride = {2, 1, 1}, .offsets = {{0, 0, 0}, {0, 0, 0}}},
                 OutputSide::coarse, bounds);
  expect_reached(source, {.stride = {2, 1, 1}, .offsets = {{1, 0, 0}, {0, 0, 0}}},
                 OutputSide::coarse, bounds);
}

TEST(MetOrder, BoundsClipBeforeTheOverflowCheckAndTheLatticeStrideStays) {
  const CoordinateSet set =
      CoordinateSet::from_rows(Rows{{0, kMax, 0, 0}, {0, 3, 0, 0}}, {.stride = 4});
  const KernelSpec kernel{.kernel_size = 2, .stride = 2, .origin = Origin::corner};
  expect_throws<Misuse>([&] { (void)reached_as_met("test", set, kernel, OutputSide::fine, {}); },
                        "[test] the generated coordinate (0,4294967294,0,0) does not fit 32 bits");
  const Reached made =
      reached_as_met("test", set, kernel, OutputSide::fine, Bounds{{0, 0, 0}, {9, 1, 1}});
  EXPECT_EQ(Rows(made.set.rows().begin(), made.set.rows().end()),
            (Rows{{0, 6, 0, 0}, {0, 7, 0, 0}}));
  EXPECT_EQ(made.set.stride(), Triple(4));
  expect_throws<Misuse>(
      [&] {
        (void)reached_as_met("test", set, kernel, OutputSide::fine, Bounds{{1, 0, 0}, {0, 1, 1}});
      },
      "are inside out");
}

TEST(MetOrder, ATableHasThePairsOfEachOffsetByInputRow) {
  for (const CoordinateSet& source : sources()) {
    const KernelSpec kernel{.stride = 2, .padding = 1, .origin = Origin::corner};
    const KernelMap map = forward_map(source, reachable_support(source, kernel), kernel);
    const OffsetTable table = offset_table_of(map, false);
    std::vector<MapEntry> expected = map.triples();
    std::ranges::sort(expected, {}, [](const MapEntry& e) { return std::pair(e.k, e.in_row); });
    std::vector<MapEntry> actual;
    const std::int64_t in_rows = source.size(), side = map.volume() * in_rows;
    const std::span<const std::int32_t> rows = table.rows.span<std::int32_t>();
    for (std::int32_t k = 0; k < map.volume(); ++k) {
      for (std::int64_t i = 0; i < in_rows; ++i) {
        const auto at = static_cast<std::size_t>(k * in_rows + i);
        const std::int32_t in = rows[at], out = rows[at + static_cast<std::size_t>(side)];
        if (i < table.counts[static_cast<std::size_t>(k)]) {
          actual.push_back({in, out, k});
        } else {
          ASSERT_EQ(std::max(in, out), -1);
        }
      }
    }
    EXPECT_EQ(actual, expected);
  }
}

}  // namespace
}  // namespace voxloom::test
