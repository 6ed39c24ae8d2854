// Pictures of point clouds, against stored ones.
#include "viz/pictures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

// A floor and two boxes on it, seen by a sensor above the origin.
Cloud street() {
  Cloud cloud;
  for (int i = -40; i <= 80; ++i) {
    for (int j = -40; j <= 40; ++j) {
      cloud.add(0.25F * static_cast<float>(i), 0.25F * static_cast<float>(j), -1.7F,
                {110, 70, 120});
    }
  }
  for (int i = 0; i < 9000; ++i) {
    const float turn = 0.1F * static_cast<float>(i), far = 1 + 0.0005F * static_cast<float>(i);
    cloud.add(far * std::cos(turn), far * std::sin(turn), -1.7F, {110, 70, 120});
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
                            .title = "street",
                            .legend = {{"floor", {110, 70, 120}}, {"box", {90, 150, 240}}}};

// Even ground with a roof and a wire, far from the origin.
Cloud survey() {
  Cloud cloud;
  for (int i = 0; i < 120; ++i) {
    for (int j = 0; j < 60; ++j) {
      const float x = 2000 + 0.5F * static_cast<float>(i), y = 0.5F * static_cast<float>(j);
      const bool is_roof = i > 60 && i < 90 && j > 20 && j < 40;
      cloud.add(x, y, is_roof ? 6.0F : 0.0F, is_roof ? Color{235, 90, 60} : Color{110, 70, 120});
      if (j % 60 == 10) cloud.add(x, y, 12, {90, 150, 240});
    }
  }
  return cloud;
}

// Walls, a floor and a ceiling around a table.
Cloud room() {
  Cloud cloud;
  constexpr int kLong = 80, kWide = 60, kHigh = 40;
  constexpr float kStep = 0.065F;
  const auto add = [&](int x, int y, int z, Color color) {
    cloud.add(kStep * static_cast<float>(x) - 2, kStep * static_cast<float>(y) - 2,
              kStep * static_cast<float>(z) - 1.3F, color);
  };
  for (int x = 0; x <= kLong; ++x) {
    for (int y = 0; y <= kWide; ++y) {
      add(x, y, 0, {110, 70, 120});
      add(x, y, kHigh, {250, 250, 250});
      if (x > 30 && x < 50 && y > 20 && y < 35) add(x, y, 11, {90, 150, 240});
    }
    for (int z = 0; z <= kHigh; ++z) {
      add(x, 0, z, {235, 90, 60});
      add(x, kWide, z, {90, 200, 90});
    }
  }
  return cloud;
}

TEST(Pictures, FromAbove) { expect_picture(view_from_above(street().view(), kSmall), "above"); }

TEST(Pictures, InPerspective) {
  expect_picture(view_in_perspective(street().view(), kSmall), "perspective");
}

TEST(Pictures, OfASurvey) {
  expect_picture(view_from_above(survey().view(), kSmall), "survey_above");
  expect_picture(view_in_perspective(survey().view(), kSmall), "survey");
}

std::int64_t pixels_like(const Canvas& canvas, Color color) {
  const auto most = [](Color c) { return static_cast<double>(std::max({c.r, c.g, c.b})); };
  return std::ranges::count_if(canvas.pixels(), [&](Color c) {
    const double light = most(c) / most(color);
    return light > 0.4 && std::abs(c.r - light * color.r) < 12 &&
           std::abs(c.g - light * color.g) < 12 && std::abs(c.b - light * color.b) < 12;
  });
}

// The ceiling and the wall on this side would hide everything.
TEST(Pictures, LookIntoARoom) {
  const Canvas picture = view_in_perspective(room().view(), {.width = 360, .height = 240});
  expect_picture(picture, "room");
  EXPECT_EQ(pixels_like(picture, {250, 250, 250}), 0);
  const Canvas above = view_from_above(room().view(), {.width = 360, .height = 240});
  EXPECT_LT(pixels_like(above, {250, 250, 250}), 500);  // the cross and the scale bar
  EXPECT_GT(pixels_like(above, {90, 150, 240}), 1000);
  EXPECT_EQ(pixels_like(picture, {235, 90, 60}), 0);
  EXPECT_GT(pixels_like(picture, {90, 200, 90}), 2000);
  EXPECT_GT(pixels_like(picture, {90, 150, 240}), 800);
}

TEST(Pictures, WhatIsInFrontHidesWhatIsBehind) {
  Cloud cloud = street();
  const auto draw = [&] {
    return view_in_perspective(cloud.view(), {.width = 200, .height = 160});
  };
  cloud.add(5, 0, 0, {255, 0, 0});
  const Canvas alone = draw();
  cloud.add(-1, 0, 20, {0, 255, 0});  // above the picture
  ASSERT_TRUE(std::ranges::equal(alone.pixels(), draw().pixels()));
  // On the line from the camera, twice as far.
  cloud.positions.back() = {5 + 14, 0, -6};
  EXPECT_TRUE(std::ranges::equal(alone.pixels(), draw().pixels()));
}

TEST(Pictures, HoldALegendOfAnyLength) {
  PictureOptions many{.width = 300, .height = 120};
  for (int i = 0; i < 200; ++i) many.legend.push_back({"a class with a long name", {9, 200, 9}});
  EXPECT_NO_THROW((void)view_from_above(street().view(), many));
  EXPECT_NO_THROW((void)view_in_perspective(street().view(), many));
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
