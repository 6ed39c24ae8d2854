#include "voxloom/scan.h"

#include <limits>

#include "io/support.h"

namespace voxloom::test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Scan, FindsSetsAndReplacesAttributes) {
  Scan scan = labelled_scan(3);
  EXPECT_EQ(scan.find("nothing"), nullptr);
  EXPECT_EQ(scan.find("label")->type(), ColumnType::u8);
  scan.set("label", std::vector<std::int32_t>{1, 2, 3});
  EXPECT_EQ(scan.find("label")->type(), ColumnType::i32);
  EXPECT_EQ(scan.attributes.size(), 6U);
  EXPECT_EQ(scan.find("label")->span<std::int32_t>()[2], 3);
}

TEST(Scan, RefusesAttributesOfAnotherLength) {
  Scan scan = labelled_scan(3);
  EXPECT_THROW(scan.set("a", std::vector<float>{1, 2}), std::invalid_argument);
  EXPECT_THROW(scan.set("a", std::vector<float>{1, 2, 3}, 0), std::invalid_argument);
  scan.attributes.push_back(scan.attributes[0]);
  EXPECT_THROW(validate(scan), std::invalid_argument);
  scan.attributes.pop_back();
  scan.positions.pop_back();
  EXPECT_THROW(validate(scan), std::invalid_argument);
}

TEST(Scan, Appends) {
  Scan scan = labelled_scan(3);
  append(scan, labelled_scan(2));
  EXPECT_EQ(scan.size(), 5);
  EXPECT_EQ(values<std::uint8_t>(scan, "label"), (std::vector<std::uint8_t>{0, 1, 2, 0, 1}));
  Scan other = labelled_scan(2);
  other.attributes[0].name = "other";
  EXPECT_THROW(append(scan, other), std::invalid_argument);
  EXPECT_THROW(append(scan, Scan{}), std::invalid_argument);
}

TEST(Scan, BoundsPassOverPointsThatAreNotFinite) {
  Scan scan;
  EXPECT_EQ(bounds(scan).high, (std::array<double, 3>{0, 0, 0}));
  scan.positions = {{1, 2, 3}, {kNan, 900, 900}, {-1, 5, 3}};
  EXPECT_EQ(bounds(scan).low, (std::array<double, 3>{-1, 2, 3}));
  EXPECT_EQ(bounds(scan).high, (std::array<double, 3>{1, 5, 3}));
}

TEST(Scan, SubtractsTheOriginBeforeRounding) {
  Scan scan;
  scan.positions = {{5000000.001, 1, 2}};
  const Tensor points = to_points(scan, {5000000, 0, 0});
  EXPECT_EQ(points.shape(), (Shape{1, 3}));
  EXPECT_FLOAT_EQ(points.data<float>()[0], 0.001F);
}

TEST(Scan, HasAnOrigin) {
  Scan scan;
  scan.positions = {{500000.25, 1, 2}};
  move_origin(scan, {500000, 0, 1});
  EXPECT_EQ(scan.positions[0], (std::array<double, 3>{0.25, 1, 1}));
  EXPECT_EQ(scan.at(0), (std::array<double, 3>{500000.25, 1, 2}));
  EXPECT_EQ(bounds(scan).low, scan.at(0));
  EXPECT_EQ(to_points(scan).data<float>()[0], 0.25F);
  EXPECT_EQ(to_points(scan, {499999, 0, 0}).data<float>()[0], 1.25F);
  Scan other;
  other.positions = {{499999, 7, 7}};
  append(scan, other);
  EXPECT_EQ(scan.at(1), other.at(0));
  scan.origin[2] = kNan;
  EXPECT_THROW(validate(scan), std::invalid_argument);
}

TEST(Scan, GoesWhereItsPoseTakesIt) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  scan.origin = {10, 0, 0};
  // A quarter turn to the left, then far away.
  scan.pose = {{{{0, -1, 0, 500000.5}}, {{1, 0, 0, -20}}, {{0, 0, 1, 0}}, {{0, 0, 0, 1}}}};
  scan.viewpoint = kIdentityPose;
  const std::array<double, 3> expected = transform(*scan.pose, scan.at(0));
  EXPECT_EQ(expected, (std::array<double, 3>{499998.5, -9, 3}));
  const Pose pose = *scan.pose;
  Scan another = scan;
  another.pose.reset();
  EXPECT_THROW(append(another, scan), std::invalid_argument);
  apply_pose(scan);
  EXPECT_EQ(scan.at(0), expected);
  EXPECT_EQ(scan.origin, (std::array<double, 3>{500000, 0, 0}));
  EXPECT_EQ(scan.positions[0], (std::array<double, 3>{-1.5, -9, 3}));
  EXPECT_FALSE(scan.pose.has_value());
  EXPECT_EQ(scan.viewpoint, pose);
}

TEST(Scan, GathersFeatures) {
  Scan scan = labelled_scan(2);
  scan.set("normal", std::vector<double>{1, 2, 3, 4, 5, 6}, 3);
  const std::vector<std::string> wanted = {"normal", "label"};
  const Tensor features = to_features(scan, wanted);
  EXPECT_EQ(features.shape(), (Shape{2, 4}));
  const std::vector<float> expected = {1, 2, 3, 0, 4, 5, 6, 1};
  EXPECT_TRUE(std::ranges::equal(features.span<float>(), expected));
  const std::vector<std::string> missing = {"nothing"};
  EXPECT_THROW(static_cast<void>(to_features(scan, missing)), std::invalid_argument);
}

}  // namespace
}  // namespace voxloom::test
