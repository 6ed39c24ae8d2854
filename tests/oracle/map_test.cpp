#include "oracle/map.h"

#include <gtest/gtest.h>

#include "oracle/line.h"
#include "oracle/random.h"
#include "oracle/special_values.h"
#include "oracle/support.h"

namespace voxloom_oracle {
namespace {

using Entries = std::vector<MapEntry>;

KernelMap submanifold_example() {
  return forward_map(line({0, 1, 3}), line({0, 1, 3}), line_offsets(3, Origin::kCentered));
}

// in = out + (k - 1). Row 0 (x=0) meets x=0 and x=1; row 1 (x=1) meets x=0 and x=1; row 2 (x=3)
// meets itself only.
TEST(OracleMap, SubmanifoldOnALine) {
  const Entries expected = {{0, 0, 1}, {1, 0, 2}, {0, 1, 0}, {1, 1, 1}, {2, 2, 1}};
  EXPECT_EQ(submanifold_example().entries, expected);
}

TEST(OracleMap, Encodings) {
  const KernelMap map = submanifold_example();
  EXPECT_EQ(dense_table(map), (std::vector<int64_t>{-1, 0, 1, 0, 1, -1, -1, 2, -1}));
  const CsrByOffset csr = csr_by_offset(map);
  EXPECT_EQ(csr.start, (std::vector<int64_t>{0, 1, 4, 5}));
  EXPECT_EQ(csr.in_row, (std::vector<int64_t>{0, 0, 1, 2, 1}));
  EXPECT_EQ(csr.out_row, (std::vector<int64_t>{1, 0, 1, 2, 0}));
}

// Kernel 3, padding 1, input x=0, outputs 0, 1, 2.
// Centered: in = out + (k-1) - 1, the window -2..0: met at k = 2, 1, 0.
// Corner: in = out + k - 1, the window -1..1: met at k = 1, 0, never.
TEST(OracleMap, PaddingIsSubtractedWithBothOrigins) {
  const auto map = [](Origin origin) {
    return forward_map(line({0}), line({0, 1, 2}), line_offsets(3, origin), line_geometry(1, 1));
  };
  EXPECT_EQ(map(Origin::kCentered).entries, (Entries{{0, 0, 2}, {0, 1, 1}, {0, 2, 0}}));
  EXPECT_EQ(map(Origin::kCorner).entries, (Entries{{0, 0, 1}, {0, 1, 0}}));
}

// in = 2*out + 2*(k-1): out 0 meets -2, 0, 2; out 1 meets 0, 2, 4.
TEST(OracleMap, StrideAndDilation) {
  const KernelMap map = forward_map(line({0, 2, 3}), line({0, 1}),
                                    line_offsets(3, Origin::kCentered), line_geometry(2, 0, 2));
  EXPECT_EQ(map.entries, (Entries{{0, 0, 1}, {1, 0, 2}, {0, 1, 0}, {1, 1, 1}}));
}

// Kernel 1, stride 2 and an odd input: the strided support has the row 0, and 2*0 is not 1.
TEST(OracleMap, AnOutputRowMayHaveNoContributor) {
  const auto in = line({1});
  const KernelMap map = forward_map(in, strided_support(in, {2, 1, 1}),
                                    line_offsets(1, Origin::kCentered), line_geometry(2));
  EXPECT_EQ(map.out_rows, 1);
  EXPECT_TRUE(map.entries.empty());
}

// out = 2*in + k - 1: in 0 reaches -1, 0, 1 and in 1 reaches 1, 2, 3. Output row 2 (x=1) is met
// by in 1 at k 0 and by in 0 at k 2.
TEST(OracleMap, Transposed) {
  const KernelMap map = transposed_map(line({0, 1}), line({-1, 0, 1, 2, 3}),
                                       line_offsets(3, Origin::kCorner), line_geometry(2, 1));
  EXPECT_EQ(map.entries,
            (Entries{{0, 0, 0}, {0, 1, 1}, {1, 2, 0}, {0, 2, 2}, {1, 3, 1}, {1, 4, 2}}));
}

TEST(OracleMap, ProbesNeverWrap) {
  const auto offsets = line_offsets(3, Origin::kCentered);
  EXPECT_TRUE(forward_map(line({kMin}), line({kMax}), offsets).entries.empty());
  EXPECT_TRUE(forward_map(line({kMax}), line({kMin}), offsets).entries.empty());
  EXPECT_TRUE(transposed_map(line({kMin}), line({kMax}), offsets).entries.empty());
  // A narrow packing of 21 bits per axis would take these for one coordinate.
  EXPECT_TRUE(forward_map(line({0}), line({int64_t{1} << 21}), offsets).entries.empty());
}

TEST(OracleMap, BatchesDoNotMeet) {
  const KernelMap map =
      forward_map({{0, 0, 0, 0}}, {{1, 0, 0, 0}}, line_offsets(3, Origin::kCentered));
  EXPECT_TRUE(map.entries.empty());
}

TEST(OracleMap, ArbitraryOffsetsKeepTheirIndex) {
  const std::vector<Triple> offsets = {{5, 0, 0}, {0, 0, 0}, {-2, 1, 0}};
  const KernelMap map = forward_map({{0, 5, 0, 0}, {0, -2, 1, 0}}, line({0}), offsets);
  EXPECT_EQ(map.entries, (Entries{{0, 0, 0}, {1, 0, 2}}));
}

TEST(OracleMap, SwappedReadsTheOtherWay) {
  const KernelMap back = swapped(submanifold_example());
  EXPECT_EQ(back.entries, (Entries{{1, 0, 0}, {0, 0, 1}, {1, 1, 1}, {0, 1, 2}, {2, 2, 1}}));
  EXPECT_EQ(swapped(back), submanifold_example());
}

struct SpecCase {
  Triple size;
  Origin origin;
  Geometry geometry;
};

const std::vector<SpecCase>& spec_cases() {
  static const std::vector<SpecCase> cases = {
      {{3, 3, 3}, Origin::kCentered, {}},
      {{1, 1, 1}, Origin::kCentered, {.stride = {2, 2, 2}}},
      {{2, 2, 2}, Origin::kCorner, {.stride = {2, 2, 2}}},
      {{3, 1, 2}, Origin::kCentered, {.stride = {2, 1, 3}, .padding = {1, 0, 2}}},
      {{3, 2, 3}, Origin::kCorner, {.stride = {1, 2, 2}, .dilation = {2, 3, 1}}},
      {{5, 1, 3}, Origin::kCentered, {.padding = {2, 0, 1}, .dilation = {1, 1, 2}}},
  };
  return cases;
}

// Look-ups and divisions against the bare equation, and the forward geometry against the
// transposed one with the two sets exchanged.
TEST(OracleMap, BruteForceAgreesWithTheBareEquation) {
  for (const NamedCoords& set : coordinate_zoo(5, 40)) {
    for (const SpecCase& c : spec_cases()) {
      const auto offsets = kernel_offsets(c.size, c.origin);
      const auto out = strided_support(set.coords, c.geometry.stride);
      const KernelMap forward = forward_map(set.coords, out, offsets, c.geometry);
      const KernelMap transposed = transposed_map(out, set.coords, offsets, c.geometry);
      EXPECT_EQ(forward,
                naive_kernel_map(set.coords, out, offsets, c.geometry, Direction::kForward))
          << set.name;
      EXPECT_EQ(transposed,
                naive_kernel_map(out, set.coords, offsets, c.geometry, Direction::kTransposed))
          << set.name;
      EXPECT_EQ(transposed, swapped(forward)) << set.name;
    }
  }
}

// A reachable or transposed support holds exactly the rows that have a contributor.
TEST(OracleMap, GeneratedRowsAllHaveContributors) {
  for (const NamedCoords& set : coordinate_zoo(6, 30)) {
    if (set.name == "both_ends") continue;
    for (const SpecCase& c : spec_cases()) {
      const auto offsets = kernel_offsets(c.size, c.origin);
      const auto reached = reachable_support(set.coords, offsets, c.geometry);
      const auto spread = transposed_support(set.coords, offsets, c.geometry);
      const KernelMap forward = forward_map(set.coords, reached, offsets, c.geometry);
      const KernelMap back = transposed_map(set.coords, spread, offsets, c.geometry);
      for (const KernelMap& map : {forward, back}) {
        std::set<int64_t> met;
        for (const MapEntry& e : map.entries) met.insert(e.out_row);
        EXPECT_EQ(static_cast<int64_t>(met.size()), map.out_rows) << set.name;
      }
      EXPECT_EQ(static_cast<int64_t>(back.entries.size()), back.in_rows * back.volume) << set.name;
    }
  }
}

}  // namespace
}  // namespace voxloom_oracle
