// A set that is remembered is the one that was asked for in everything, not in its rows alone.
#include "artifact/run/set_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace voxloom::test {
namespace {

using artifact::Graph;
using artifact::SetMemory;

const std::vector<Coordinate> kRows = {{0, 1, 2, 3}, {1, -4, 5, 6}};

CoordinateSet set_of(const CoordinateSetOptions& options = {}) {
  return CoordinateSet::from_rows(kRows, options);
}

TEST(SetMemory, TheSameSetIsTheSameObject) {
  SetMemory memory(2);
  const Graph::Op place, other;
  const CoordinateSet first = memory.remembered(place, set_of());
  EXPECT_EQ(memory.remembered(place, set_of()), first);
  EXPECT_FALSE(memory.remembered(other, set_of()) == first) << "another place of the graph";
}

TEST(SetMemory, AnotherBatchSizeOrStrideIsAnotherSet) {
  SetMemory memory(4);
  const Graph::Op place;
  const CoordinateSet two = memory.remembered(place, set_of({.batch_size = 2}));
  const CoordinateSet five = memory.remembered(place, set_of({.batch_size = 5}));
  EXPECT_EQ(two.batch_size(), 2);
  EXPECT_EQ(five.batch_size(), 5);
  const CoordinateSet coarse = memory.remembered(place, set_of({.stride = 2, .batch_size = 5}));
  EXPECT_EQ(coarse.stride(), Triple(2));
}

TEST(SetMemory, TheLongestUnaskedIsForgotten) {
  SetMemory memory(2);
  const Graph::Op place;
  const auto asked = [&](std::int32_t x) {
    return memory.remembered(place,
                             CoordinateSet::from_rows(std::vector<Coordinate>{{0, x, 0, 0}}));
  };
  const CoordinateSet one = asked(1), two = asked(2);
  EXPECT_EQ(asked(1), one);
  const CoordinateSet three = asked(3);
  EXPECT_EQ(asked(1), one);
  EXPECT_FALSE(asked(2) == two);
}

}  // namespace
}  // namespace voxloom::test
