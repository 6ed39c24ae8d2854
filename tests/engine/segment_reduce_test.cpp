// The winners of segments, by hand: a NaN beats every number wherever it stands, ties go to the lowest
// row; short segments, and those that are put together of several chunks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/choice.h"
#include "engine/segments.h"

namespace voxloom::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// Of one segment with these rows.
std::int32_t winner_of(const std::vector<float>& values) {
  const auto rows = static_cast<std::int64_t>(values.size());
  const std::vector<std::int32_t> one(values.size(), 0);
  const Segments segments = group_rows(one, 1);
  const Tensor x = Tensor::from(values, {rows, 1});
  Tensor winners = Tensor::empty({1, 1}, DType::i32);
  engine::run(engine::SegmentMaxWinners{.segments = &segments, .x = &x, .winners = &winners});
  return winners.data<std::int32_t>()[0];
}

TEST(SegmentMax, ANanBeatsEveryNumberWhereverItStands) {
  EXPECT_EQ(winner_of({kNan, 1, 2}), 0);
  EXPECT_EQ(winner_of({1, kNan, 2}), 1);
  EXPECT_EQ(winner_of({1, 2, kNan}), 2);
  EXPECT_EQ(winner_of({kInf, kNan}), 1);
  EXPECT_EQ(winner_of({-kInf, kNan, kInf}), 1);
  EXPECT_EQ(winner_of({5, kNan, kNan, 9}), 1) << "the first of two stays";
}

TEST(SegmentMax, TiesGoToTheLowestRow) {
  EXPECT_EQ(winner_of({1, 3, 3, 2}), 1);
  EXPECT_EQ(winner_of({-kInf, -kInf}), 0);
  EXPECT_EQ(winner_of({0.0F, -0.0F}), 0);
}

TEST(SegmentMax, OfManyRowsToo) {
  constexpr std::size_t kRows = 50'000;  // several chunks
  std::vector<float> values(kRows, 1.0F);
  EXPECT_EQ(winner_of(values), 0);
  values[43'210] = 7;
  values[43'211] = 7;
  EXPECT_EQ(winner_of(values), 43'210);
  values[30'000] = kNan;
  EXPECT_EQ(winner_of(values), 30'000);
  values[45'000] = kNan;
  EXPECT_EQ(winner_of(values), 30'000);
  values[0] = kNan;
  EXPECT_EQ(winner_of(values), 0);
}

TEST(SegmentMax, RowsOfNoSegmentAndEmptySegments) {
  const std::vector<std::int32_t> of_row = {2, -1, 0, 2, -1};
  const Tensor x = Tensor::from<float>({1, 9, 4, 3, kNan}, {5, 1});
  const Segments segments = group_rows(of_row, 3);
  Tensor winners = Tensor::empty({3, 1}, DType::i32);
  engine::run(engine::SegmentMaxWinners{.segments = &segments, .x = &x, .winners = &winners});
  const auto table = winners.span<std::int32_t>();
  EXPECT_EQ(std::vector<std::int32_t>(table.begin(), table.end()),
            (std::vector<std::int32_t>{2, -1, 3}));
  Tensor y = Tensor::empty({3, 1}, DType::f32);
  engine::run(
      engine::SegmentReduce{.segments = &segments, .reduction = Reduction::max, .x = &x, .y = &y});
  EXPECT_TRUE(std::ranges::equal(y.span<float>(), std::vector<float>{4, 0, 3}));
}

}  // namespace
}  // namespace voxloom::test
