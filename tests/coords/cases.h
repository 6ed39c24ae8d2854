// Sets, kernels and comparisons for the coordinate tests.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "oracle/coords.h"
#include "oracle/map.h"
#include "oracle/random.h"
#include "oracle/support.h"
#include "support/oracle_bridge.h"
#include "voxloom/kernel_map.h"
#include "voxloom/sets.h"

namespace voxloom::test {

using Misuse = std::invalid_argument;
using Rows = std::vector<Coordinate>;

inline constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
inline constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();

inline CoordinateSet set_of(const std::vector<oracle::Coord>& coords, Triple stride = 1) {
  return CoordinateSet::from_rows(to_rows(coords), {.stride = stride});
}

inline std::string describe(const KernelSpec& k) {
  return "kernel " + to_string(k.kernel_size) + " stride " + to_string(k.stride) + " padding " +
         to_string(k.padding) + " dilation " + to_string(k.dilation) +
         (k.origin == Origin::corner ? " corner" : " centered") + ", " +
         std::to_string(k.offsets.size()) + " listed offsets";
}

// The library's triples are the oracle's, in the same order.
inline void expect_map(const KernelMap& map, const oracle::KernelMap& expected) {
  ASSERT_EQ(map.volume(), expected.volume);
  const std::vector<MapEntry> actual = map.triples();
  ASSERT_EQ(actual.size(), expected.entries.size());
  ASSERT_EQ(map.size(), static_cast<std::int64_t>(actual.size()));
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const oracle::MapEntry entry{actual[i].in_row, actual[i].out_row, actual[i].k};
    ASSERT_EQ(entry, expected.entries[i]) << "entry " << i;
  }
}

inline void expect_forward(const CoordinateSet& in, const CoordinateSet& out,
                           const KernelSpec& kernel) {
  expect_map(forward_map(in, out, kernel),
             oracle_map(in, out, kernel, oracle::Direction::kForward));
}

inline void expect_transposed(const CoordinateSet& in, const CoordinateSet& out,
                              const KernelSpec& kernel) {
  expect_map(transposed_map(in, out, kernel),
             oracle_map(in, out, kernel, oracle::Direction::kTransposed));
}

// Every combination that the contract names, with `sizes` as kernel sizes.
inline std::vector<KernelSpec> kernels_of(const std::vector<Triple>& sizes) {
  std::vector<KernelSpec> all;
  for (const Triple& size : sizes) {
    for (const Triple& stride : {Triple(1), Triple(2), Triple(3), Triple(2, 1, 1)}) {
      for (const Triple& padding : {Triple(0), Triple(1), Triple(1, 0, 2)}) {
        for (const Triple& dilation : {Triple(1), Triple(2), Triple(2, 1, 3)}) {
          for (const Origin origin : {Origin::centered, Origin::corner}) {
            all.push_back({size, stride, padding, dilation, origin, {}});
          }
        }
      }
    }
  }
  return all;
}

// Lists that no box of offsets is: a cross, repeats, far and lopsided ones, a single one.
inline std::vector<std::vector<Triple>> offset_lists() {
  return {{{0, 0, 0}, {1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}},
          {{2, -1, 0}, {2, -1, 0}, {0, 0, 0}},
          {{-7, 3, 5}, {4, 4, 4}, {-4, 0, 0}, {0, 9, -9}},
          {{0, 0, 1}},
          {{kMax, kMax, kMax}, {kMin, 0, 0}, {1, 1, 1}}};
}

}  // namespace voxloom::test
