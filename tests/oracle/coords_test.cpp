#include "oracle/coords.h"

#include <gtest/gtest.h>

#include "oracle/random.h"
#include "oracle/special_values.h"

namespace voxloom_oracle {
namespace {

TEST(OracleCoords, FloorDivisionRoundsDown) {
  EXPECT_EQ(floor_div(5, 3), 1);
  EXPECT_EQ(floor_div(-1, 2), -1);
  EXPECT_EQ(floor_div(-4, 2), -2);
  EXPECT_EQ(floor_div(-5, 3), -2);
  EXPECT_EQ(floor_div(0, 7), 0);
}

// Biased by 2^31, an axis has its top bit set exactly when it is >= 0. Top bits (x, y, z):
//   (-1,-1,-1) 000   (-1,0,0) 011   (0,-1,0) 101   (0,0,-1) 110   the rest 111.
// The rest differ in the lowest bit: (0,0,0) 000, (0,0,1) 001, (0,1,0) 010, (1,0,0) 100.
TEST(OracleCoords, MortonOrderOfAHandful) {
  const std::vector<Coord> expected = {{0, -1, -1, -1}, {0, -1, 0, 0}, {0, 0, -1, 0}, {0, 0, 0, -1},
                                       {0, 0, 0, 0},    {0, 0, 0, 1},  {0, 0, 1, 0},  {0, 1, 0, 0}};
  const std::vector<Coord> reversed(expected.rbegin(), expected.rend());
  EXPECT_EQ(canonical_unique(reversed), expected);
  EXPECT_EQ(canonical_sort(reversed).coords, expected);
}

// In bit 1, (0,2,0) reads 010 and (1,0,0) reads 000: the reverse of the lexicographic order.
TEST(OracleCoords, MortonIsNotLexicographic) {
  EXPECT_TRUE(morton_before({0, 1, 0, 0}, {0, 0, 2, 0}));
  EXPECT_FALSE(morton_before({0, 0, 2, 0}, {0, 1, 0, 0}));
  EXPECT_FALSE(morton_before({0, 1, 2, 3}, {0, 1, 2, 3}));
}

TEST(OracleCoords, OrderAtTheEndsOfInt32) {
  EXPECT_TRUE(morton_before({0, kMin, kMin, kMin}, {0, kMin, kMin, kMin + 1}));
  EXPECT_TRUE(morton_before({0, kMin, kMax, kMax}, {0, kMax, kMin, kMin}));
  EXPECT_TRUE(morton_before({0, kMax, kMax, kMax - 1}, {0, kMax, kMax, kMax}));
}

TEST(OracleCoords, BatchComesFirst) {
  EXPECT_TRUE(canonical_before({0, 5, 5, 5}, {1, -9, -9, -9}));
  EXPECT_FALSE(canonical_before({1, -9, -9, -9}, {0, 5, 5, 5}));
}

// A second way to the same order: interleave the biased bits into one 96-bit number.
Wide morton_code(const Coord& c) {
  Wide code = 0;
  for (int bit = 31; bit >= 0; --bit) {
    for (size_t axis = 1; axis <= 3; ++axis) {
      const auto biased = static_cast<uint32_t>(static_cast<int32_t>(c[axis])) ^ 0x80000000U;
      code = code * 2 + ((biased >> bit) & 1U);
    }
  }
  return code;
}

TEST(OracleCoords, MortonAgreesWithInterleavedCode) {
  for (const NamedCoords& set : coordinate_zoo(1, 40)) {
    for (const Coord& a : set.coords) {
      for (const Coord& b : set.coords) {
        EXPECT_EQ(morton_before(a, b), morton_code(a) < morton_code(b)) << set.name;
      }
    }
  }
}

TEST(OracleCoords, SortGivesBothPermutations) {
  const std::vector<Coord> coords = {{1, 0, 0, 0}, {0, 7, 0, 0}, {0, -7, 0, 0}};
  const SortResult sorted = canonical_sort(coords);
  EXPECT_EQ(sorted.order, (std::vector<int64_t>{2, 1, 0}));
  EXPECT_EQ(sorted.inverse, (std::vector<int64_t>{2, 1, 0}));
  const SortResult rotated = canonical_sort({{0, 3, 0, 0}, {0, 1, 0, 0}, {0, 2, 0, 0}});
  EXPECT_EQ(rotated.order, (std::vector<int64_t>{1, 2, 0}));
  EXPECT_EQ(rotated.inverse, (std::vector<int64_t>{2, 0, 1}));
}

TEST(OracleCoords, DuplicatesAreRefused) {
  EXPECT_THROW(rows_by_coord({{0, 1, 2, 3}, {0, 0, 0, 0}, {0, 1, 2, 3}}), std::invalid_argument);
  EXPECT_NO_THROW(rows_by_coord({{0, 1, 2, 3}, {1, 1, 2, 3}}));
}

TEST(OracleCoords, CheckedCoordRefusesWhatDoesNotFit) {
  EXPECT_EQ(checked_coord(4, {Wide{kMin}, Wide{0}, Wide{kMax}}), (Coord{4, kMin, 0, kMax}));
  EXPECT_THROW(checked_coord(0, {Wide{kMax} + 1, 0, 0}), std::overflow_error);
  EXPECT_THROW(checked_coord(0, {0, 0, Wide{kMin} - 1}), std::overflow_error);
}

TEST(OracleCoords, DefaultBatchSize) {
  EXPECT_EQ(default_batch_size({}), 0);
  EXPECT_EQ(default_batch_size({{3, 0, 0, 0}, {1, 0, 0, 0}}), 4);
}

}  // namespace
}  // namespace voxloom_oracle
