// Drawing: exact where arithmetic tells, against stored pictures where the eye must.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "viz/pictures.h"
#include "voxloom/plot.h"

namespace voxloom::test {
namespace {

using namespace viz;

constexpr Color kWhite = {255, 255, 255}, kBlack = {0, 0, 0}, kRed = {255, 0, 0};

// How much of a white canvas was painted black, in pixels.
double painted(const Canvas& canvas) {
  double sum = 0;
  for (const Color c : canvas.pixels()) sum += (255 - c.r) / 255.0;
  return sum;
}

TEST(Canvas, RefusesSizes) {
  EXPECT_THROW(Canvas(0, 5), std::invalid_argument);
  EXPECT_THROW(Canvas(5, Canvas::kMaxSide + 1), std::invalid_argument);
}

TEST(Canvas, FillsPartsOfPixels) {
  Canvas canvas(4, 4);
  canvas.fill({1, 1, 1.5, 2}, kBlack);
  EXPECT_EQ(canvas.at(1, 1), kBlack);
  EXPECT_EQ(canvas.at(2, 1), (Color{128, 128, 128}));
  EXPECT_EQ(canvas.at(3, 1), kWhite);
  EXPECT_EQ(canvas.at(1, 3), kWhite);
  canvas.fill({-100, -100, 1e9, 1e9}, kRed);
  EXPECT_EQ(canvas.at(3, 3), kRed);
}

TEST(Canvas, DiscsAndLinesHaveTheirArea) {
  Canvas disc(40, 40);
  disc.disc({20.3, 19.6}, 9, kBlack);
  EXPECT_NEAR(painted(disc), M_PI * 81, 3);
  Canvas line(60, 60);
  line.line({10, 12}, {43, 51}, {.color = kBlack, .width = 3});
  EXPECT_NEAR(painted(line), 3 * std::hypot(33, 39) + M_PI * 2.25, 3);
  Canvas triangle(40, 40);
  const std::array<Point2, 3> corners = {{{3, 3}, {33, 5}, {10, 38}}};
  triangle.polygon(corners, kBlack);
  EXPECT_NEAR(painted(triangle), 0.5 * (30 * 35 - 7 * 2), 3);
}

TEST(Canvas, AStrokeThatCrossesItselfIsDrawnOnce) {
  Canvas canvas(20, 20);
  const std::array<Point2, 4> path = {{{2, 10}, {18, 10}, {10, 2}, {10, 18}}};
  canvas.polyline(path, {.color = kBlack, .width = 4, .opacity = 0.5});
  EXPECT_EQ(canvas.at(10, 10), (Color{128, 128, 128}));
}

TEST(Canvas, LeavesOutWhatIsOutside) {
  Canvas canvas(8, 8);
  canvas.disc({-50, 4}, 10, kBlack);
  canvas.line({1e7, 1e7}, {2e7, 3e7}, {.color = kBlack, .width = 100});
  canvas.text({500, -300}, "far away", {.size = 20});
  EXPECT_EQ(painted(canvas), 0);
  canvas.disc({0, 0}, 3, kBlack);
  EXPECT_NEAR(painted(canvas), M_PI * 9 / 4, 1);
}

TEST(Canvas, TextHasItsWidth) {
  EXPECT_EQ(text_width("", 10), 0);
  EXPECT_EQ(text_width("0", 10), text_width("7", 10));
  EXPECT_NEAR(text_width("HHHH", 20), 2 * text_width("HHHH", 10), 1e-9);
  EXPECT_EQ(text_width("\xc3", 10), text_width("?", 10));
}

TEST(Canvas, EveryGlyph) {
  Canvas canvas(560, 150, {18, 20, 26});
  for (int row = 0; row < 3; ++row) {
    std::string text;
    for (int c = ' ' + 32 * row; c < std::min(127, ' ' + 32 * (row + 1)); ++c) {
      text += static_cast<char>(c);
    }
    canvas.text({10, 40.0 + 45 * row}, text, {.color = {235, 238, 245}, .size = 16});
  }
  expect_picture(canvas, "glyphs");
}

TEST(Png, IsReadBackAndReplacesWhatWasThere) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("voxloom-png-" + std::to_string(::getpid()) + ".png");
  Canvas canvas(37, 5);
  for (int i = 0; i < 37; ++i) canvas.blend(i, i % 5, {static_cast<std::uint8_t>(i), 9, 200}, 1);
  write_png(path, Canvas(3, 3));
  write_png(path, canvas);
  const Canvas back = read_png(path);
  EXPECT_TRUE(std::ranges::equal(back.pixels(), canvas.pixels()));
  std::filesystem::remove(path);
  EXPECT_THROW(write_png("/nonexistent/folder/a.png", canvas), std::system_error);
}

std::vector<double> counting(int n) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(i);
  return values;
}

TEST(Plot, Ticks) {
  EXPECT_EQ(ticks_between(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(ticks_between(-0.3, 0.31, 3).size(), 3U);
  EXPECT_EQ(ticks_between(0.1, 0.9, 4).front(), 0.2);
  EXPECT_EQ(tick_label(0.30000000000000004, 0.1), "0.3");
  EXPECT_EQ(tick_label(1500, 500), "1500");
  EXPECT_EQ(tick_label(2.5e7, 5e6), "2.5e+07");
  EXPECT_EQ(tick_label(0, 0.1), "0");
  EXPECT_THROW((void)ticks_between(1, 1, 3), std::invalid_argument);
}

TEST(Plot, CurvesOfATraining) {
  Series train{.name = "train", .x = counting(300)}, valid{.name = "validation"};
  for (const double step : train.x) {
    train.y.push_back(0.3 + 2 * std::exp(-step / 60) + 0.06 * std::sin(step * 1.7));
    if (static_cast<int>(step) % 30 != 0) continue;
    valid.x.push_back(step);
    valid.y.push_back(0.42 + 2 * std::exp(-step / 55));
  }
  const std::array both = {train, valid};
  expect_picture(plot(both, {.title = "Loss",
                             .x_label = "step",
                             .y_label = "cross entropy",
                             .width = 640,
                             .height = 360}),
                 "loss");
  expect_picture(plot(both, {.width = 400, .height = 240, .log_y = true}), "loss_log");
}

TEST(Plot, TakesWhatComes) {
  EXPECT_NO_THROW((void)plot({}));
  EXPECT_NO_THROW((void)plot({{.x = {1}, .y = {5}}}));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NO_THROW((void)plot({{.x = {0, 1, 2, nan}, .y = {nan, 1, -5, 3}}}, {.log_y = true}));
  EXPECT_THROW((void)plot({{.name = "a", .x = {1, 2}, .y = {5}}}), std::invalid_argument);
  EXPECT_THROW((void)plot({}, {.y_low = 3, .y_high = 3}), std::invalid_argument);
}

TEST(Plot, GapsSplitTheLine) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Canvas whole = plot({{.x = counting(3), .y = {1, 1, 1}, .color = kBlack}}, {});
  const Canvas gap = plot({{.x = counting(3), .y = {1, nan, 1}, .color = kBlack}}, {});
  EXPECT_LT(painted(gap), painted(whole) - 100);
}

}  // namespace
}  // namespace voxloom::test
