// Augmentation as properties.
#include "voxloom/augment.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace voxloom::test {
namespace {

LabelledScan random_scan(std::uint64_t seed, std::int64_t points = 300) {
  Random random(seed);
  LabelledScan scan;
  for (std::int64_t i = 0; i < points; ++i) {
    const float x = random.uniform(-50, 50), y = random.uniform(-50, 50);
    scan.positions.push_back({x, y, random.uniform(-2, 6)});
    scan.intensity.push_back(random.uniform());
    scan.labels.push_back(static_cast<std::int32_t>(random.next() % 12));
  }
  return scan;
}

float norm(const std::array<float, 3>& p) {
  return std::sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
}

TEST(Augment, ChangesNothingByDefault) {
  const LabelledScan scan = random_scan(1);
  EXPECT_EQ(augment(scan, {}, 5), scan);
}

RC_GTEST_PROP(Augment, DependsOnTheSeedAlone, (std::uint64_t seed)) {
  const LabelledScan scan = random_scan(seed, 50);
  const AugmentOptions options = moderate_augmentation();
  RC_ASSERT(augment(scan, options, seed) == augment(scan, options, seed));
  RC_ASSERT(!(augment(scan, options, seed) == augment(scan, options, seed + 1)));
}

RC_GTEST_PROP(Augment, TurnsKeepDistancesAndHeights, (std::uint64_t seed)) {
  const LabelledScan scan = random_scan(seed, 50);
  const LabelledScan out = augment(scan, {.rotation = 180, .flip_x = 0.5, .flip_y = 0.5}, seed);
  RC_ASSERT(out.labels == scan.labels);
  RC_ASSERT(out.intensity == scan.intensity);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    RC_ASSERT(out.positions[i][2] == scan.positions[i][2]);
    RC_ASSERT(std::abs(norm(out.positions[i]) - norm(scan.positions[i])) < 1e-4F);
  }
}

RC_GTEST_PROP(Augment, ScalesAllAlike, (std::uint64_t seed)) {
  const LabelledScan scan = random_scan(seed, 50);
  const LabelledScan out = augment(scan, {.scale = {0.5, 2}}, seed);
  const float scale = norm(out.positions[0]) / norm(scan.positions[0]);
  RC_ASSERT(scale >= 0.4999F && scale <= 2.0001F);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      RC_ASSERT(std::abs(out.positions[i][axis] - scale * scan.positions[i][axis]) < 1e-3F);
    }
  }
}

TEST(Augment, FlipsMirrorOneAxis) {
  const LabelledScan scan = random_scan(2);
  const LabelledScan out = augment(scan, {.flip_x = 1}, 9);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    const auto& p = scan.positions[i];
    EXPECT_EQ(out.positions[i], (std::array<float, 3>{-p[0], p[1], p[2]}));
  }
}

TEST(Augment, JitterHasItsDeviationAndDropItsShare) {
  const LabelledScan scan = random_scan(3, 20000);
  const LabelledScan moved = augment(scan, {.jitter = 0.1}, 4);
  double square = 0;
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    const auto d = static_cast<double>(moved.positions[i][2] - scan.positions[i][2]);
    EXPECT_LT(std::abs(d), 0.36);
    square += d * d;
  }
  EXPECT_NEAR(std::sqrt(square / 20000), 0.1, 0.005);
  std::int64_t fewest = scan.size();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const LabelledScan thinned = augment(scan, {.drop = 0.5}, seed);
    fewest = std::min(fewest, thinned.size());
    EXPECT_GT(thinned.size(), 9500);
    // What is left is what was there, in order.
    auto at = scan.positions.begin();
    for (const auto& p : thinned.positions) {
      at = std::find(at, scan.positions.end(), p);
      ASSERT_NE(at, scan.positions.end());
    }
  }
  EXPECT_LT(fewest, 13000);
}

RC_GTEST_PROP(MixSectors, EveryPointComesFromTheScanItsDirectionBelongsTo, (std::uint64_t seed)) {
  const LabelledScan a = random_scan(seed, 200);
  // The same places with other labels: mixed, each place stays exactly once.
  LabelledScan b = a;
  for (std::int32_t& label : b.labels) label += 100;
  const LabelledScan out = mix_sectors(a, b, seed);
  RC_ASSERT(out.size() == a.size());
  const auto taken = std::count_if(out.labels.begin(), out.labels.end(),
                                   [](std::int32_t label) { return label >= 100; });
  RC_ASSERT(taken > 0 && taken < a.size());  // 1/8 to 1/2 of the directions
  RC_ASSERT(mix_sectors(a, a, seed).size() == a.size());
}

TEST(Augment, ColoursStayWithTheirPoints) {
  LabelledScan scan = random_scan(4), other = random_scan(5);
  const auto colour_of = [](std::int32_t label) {
    return std::array<float, 3>{static_cast<float>(label) / 12, 0, 1};
  };
  for (LabelledScan* one : {&scan, &other}) {
    for (const std::int32_t label : one->labels) one->colours.push_back(colour_of(label));
  }
  for (const LabelledScan& out :
       {augment(scan, moderate_augmentation(), 9), mix_sectors(scan, other, 9)}) {
    ASSERT_EQ(out.colours.size(), out.positions.size());
    EXPECT_NE(out.positions, scan.positions);
    for (std::size_t i = 0; i < out.labels.size(); ++i) {
      ASSERT_EQ(out.colours[i], colour_of(out.labels[i]));
    }
  }
}

TEST(Augment, RefusesOptionsOutOfRange) {
  const LabelledScan scan = random_scan(1);
  const std::vector<AugmentOptions> bad = {
      {.mix = 1.5},     {.rotation = -1}, {.tilt = 90}, {.scale = {0, 1}},       {.scale = {2, 1}},
      {.flip_x = -0.1}, {.jitter = -1},   {.drop = 2},  {.intensity_scale = 1.1}};
  for (const AugmentOptions& options : bad) {
    EXPECT_THROW(static_cast<void>(augment(scan, options, 1)), std::invalid_argument);
  }
  EXPECT_THROW(static_cast<void>(augmented(nullptr, {})), std::invalid_argument);
}

// Three scans of one point each, whose label is the scan's number.
class Three final : public Dataset {
 public:
  [[nodiscard]] const ClassTable& classes() const override { return street_classes(); }
  [[nodiscard]] std::int64_t size() const override { return 3; }
  [[nodiscard]] std::string name(std::int64_t index) const override {
    return std::to_string(index);
  }
  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t) const override {
    ++asked;
    LabelledScan scan = random_scan(static_cast<std::uint64_t>(index));
    std::fill(scan.labels.begin(), scan.labels.end(), static_cast<std::int32_t>(index));
    return scan;
  }
  mutable int asked = 0;
};

TEST(AugmentedDataset, MixesInAnotherScanAndFollowsTheSeed) {
  const DatasetPtr dataset = augmented(std::make_shared<Three>(), {.mix = 1});
  int mixed = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const LabelledScan scan = dataset->get(1, seed);
    EXPECT_EQ(scan, dataset->get(1, seed));
    const auto own = std::count(scan.labels.begin(), scan.labels.end(), 1);
    EXPECT_GT(own, 0);
    if (own < scan.size()) ++mixed;
  }
  EXPECT_EQ(mixed, 10);
  EXPECT_NE(dataset->get(1, 0), dataset->get(1, 1));
}

TEST(CachedDataset, AsksOnce) {
  const auto three = std::make_shared<Three>();
  const DatasetPtr dataset = cached(three);
  const LabelledScan scan = dataset->get(2);
  EXPECT_EQ(dataset->get(2), scan);
  EXPECT_EQ(three->asked, 1);
  EXPECT_EQ(dataset->size(), 3);
}

}  // namespace
}  // namespace voxloom::test
