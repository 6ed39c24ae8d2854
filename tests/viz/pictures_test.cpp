// Pictures of point clouds, against stored ones.
#include <gtest/gtest.h>

#include <limits>

#include "viz/pictures.h"
#include "voxloom/pictures.h"

namespace voxloom::test {
namespace {

using namespace viz;

struct Cloud {
  std::vector<std::array<float, 3>> positions;
  std::vector<Color> colors;
  void add(float x, float y, float z, Color color) {
    positions.push_back({x, y, z});
    colors.push_back(color);
  }
  [[nodiscard]] PointCloud view() const { return {positions, colors}; }
};

// A floor and two boxes on it.
Cloud room() {
  Cloud cloud;
  for (int i = -40; i <= 80; ++i) {
    for (int j = -40; j <= 40; ++j) {
      cloud.add(0.25F * static_cast<float>(i), 0.25F * static_cast<float>(j), -1.7F,
                {110, 70, 120});
    }
  }
  for (int i = 0; i < 12; ++i) {
    for (int j = 0; j < 12; ++j) {
      const float a = 0.15F * static_cast<float>(i), b = 0.15F * static_cast<float>(j);
      cloud.add(8, 2 + a, b - 1.7F, {90, 150, 240});
      cloud.add(8 + a, 2, b - 1.7F, {90, 150, 240});
      cloud.add(14, a - 5, b - 1.7F, {235, 90, 60});
    }
  }
  return cloud;
}

const PictureOptions kSmall{.width = 360,
                            .height = 240,
                            .title = "room",
                            .legend = {{"floor", {110, 70, 120}}, {"box", {90, 150, 240}}}};

TEST(Pictures, FromAbove) { expect_picture(view_from_above(room().view(), kSmall), "above"); }

TEST(Pictures, InPerspective) {
  expect_picture(view_in_perspective(room().view(), kSmall), "perspective");
}

TEST(Pictures, WhatIsInFrontHidesWhatIsBehind) {
  Cloud cloud;
  cloud.add(5, 0, 0, {255, 0, 0});
  const Canvas alone = view_in_perspective(cloud.view(), {.width = 200, .height = 160});
  // On the line from the camera, twice as far.
  cloud.add(5 + 14, 0, -6, {0, 255, 0});
  const Canvas both = view_in_perspective(cloud.view(), {.width = 200, .height = 160});
  EXPECT_TRUE(std::ranges::equal(alone.pixels(), both.pixels()));
}

TEST(Pictures, TakeWhatComes) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Cloud cloud;
  cloud.add(nan, 0, 0, {255, 255, 255});
  cloud.add(0, std::numeric_limits<float>::infinity(), 0, {255, 255, 255});
  EXPECT_NO_THROW((void)view_from_above(cloud.view(), {.width = 50, .height = 40}));
  EXPECT_NO_THROW((void)view_in_perspective(cloud.view(), {.width = 50, .height = 40}));
  EXPECT_NO_THROW((void)view_from_above({}, {.width = 50, .height = 40}));
  cloud.colors.pop_back();
  EXPECT_THROW((void)view_from_above(cloud.view()), std::invalid_argument);
}

}  // namespace
}  // namespace voxloom::test
