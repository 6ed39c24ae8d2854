// Drawing: exact where arithmetic tells, against stored pictures where the eye must.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <optional>
#include <thread>

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
  EXPECT_EQ(text_width("H", 9.6), text_width("H", 10)) << "whole pixels";
  EXPECT_EQ(text_width("H", 0), 0);
  EXPECT_EQ(text_width("H", std::nan("")), 0);
  EXPECT_LT(text_width("To", 20), text_width("T", 20) + text_width("o", 20)) << "kerning";
}

// Capitals are as high as they are asked to be, and stand on the baseline: stems are black from top to bottom.
TEST(Canvas, TextHasItsHeight) {
  for (const int size : {7, 8, 12, 16, 40}) {
    for (const bool upright : {false, true}) {
      Canvas canvas(100, 100);
      canvas.text({50, 60}, "H", {.size = static_cast<double>(size), .upright = upright});
      std::int64_t rows = 0;
      for (int i = 0; i < 100; ++i) {
        bool is_inked = false;
        for (int j = 0; j < 100; ++j) {
          is_inked = is_inked || (upright ? canvas.at(i, j) : canvas.at(j, i)) != kWhite;
        }
        rows += is_inked ? 1 : 0;
        const bool is_letter = upright ? i >= 50 - size && i < 50 : i >= 60 - size && i < 60;
        EXPECT_EQ(is_inked, is_letter) << size << " " << upright << " " << i;
      }
      EXPECT_EQ(rows, size);
    }
  }
}

// Reading from the bottom to the top is a quarter turn, pixel by pixel.
TEST(Canvas, UprightTextIsTurned) {
  Canvas flat(120, 40), upright(40, 120);
  flat.text({7, 25}, "\u00c5ngstr\u00f6m, 3.5 gq", {.size = 9});
  upright.text({25, 120 - 7}, "\u00c5ngstr\u00f6m, 3.5 gq", {.size = 9, .upright = true});
  EXPECT_GT(painted(flat), 100);
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 120; ++x) ASSERT_EQ(flat.at(x, y), upright.at(y, 119 - x)) << x << " " << y;
  }
}

// Whether `text` is drawn as `shown` is.
bool looks_like(std::string_view text, std::string_view shown) {
  Canvas one(300, 40), other(300, 40);
  one.text({5, 30}, text, {.size = 12});
  other.text({5, 30}, shown, {.size = 12});
  return std::ranges::equal(one.pixels(), other.pixels());
}

TEST(Canvas, TextIsUtf8) {
  EXPECT_TRUE(looks_like("caf\xc3\xa9", "caf\u00e9"));
  EXPECT_FALSE(looks_like("\u00e9", "e"));
  EXPECT_FALSE(looks_like("\ufffd", ""));
  for (const std::string_view one : {"\x80", "\xff", "\xc3", "\x07", "\x7f", "\n", "\xc2\x85",
                                     "\u4e00", "\U0001f600", "\u202e"}) {
    EXPECT_TRUE(looks_like(one, "\ufffd")) << one;
  }
  EXPECT_TRUE(looks_like({"a\0b", 3}, "a\ufffdb"));
  // Cut off, longer than need be, surrogates, beyond Unicode: each byte for itself.
  EXPECT_TRUE(looks_like("\xe2\x82z", "\ufffd\ufffdz"));
  EXPECT_TRUE(looks_like("\xe2z", "\ufffdz"));
  EXPECT_TRUE(looks_like("\xc1\x81", "\ufffd\ufffd"));
  EXPECT_TRUE(looks_like("\xe0\x81\x81", "\ufffd\ufffd\ufffd"));
  EXPECT_TRUE(looks_like("\xed\xa0\x80", "\ufffd\ufffd\ufffd"));
  EXPECT_TRUE(looks_like("\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"));
}

TEST(Canvas, TextOfAnyBytesAndSizes) {
  std::string bytes;
  for (unsigned i = 0; i < 2000; ++i) bytes += static_cast<char>(i * i * 31 + i / 7);
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  Canvas canvas(60, 40);
  for (const double size : {-3.0, 0.2, 5.0, 13.3, 1e300, kInfinite, std::nan("")}) {
    for (const double at : {-1e300, -4000.0, 3.7, 2e9, kInfinite, std::nan("")}) {
      for (const bool upright : {false, true}) {
        EXPECT_NO_THROW(canvas.text(
            {at, at}, bytes, {.size = size, .horizontal = Align::center, .upright = upright}));
      }
    }
    EXPECT_NO_THROW((void)fitted_text(bytes, size, 200));
  }
}

TEST(Canvas, TextIsFitted) {
  const std::string name = "a class whose name is l\u00e4nger than most, 17";
  EXPECT_EQ(fitted_text(name, 12, text_width(name, 12)), name);
  EXPECT_EQ(fitted_text("", 12, 0), "");
  EXPECT_EQ(fitted_text(name, 12, text_width("\u2026", 12)), "\u2026");
  EXPECT_EQ(fitted_text(name, 12, text_width("\u2026", 12) - 1), "");
  EXPECT_EQ(fitted_text(name, 12, std::nan("")), "");
  EXPECT_EQ(fitted_text(name, 12, -5), "");
  for (double width = 20; width < 300; width += 7) {
    const std::string fitted = fitted_text(name, 12, width);
    const std::size_t dots = fitted.find("\u2026");
    ASSERT_NE(dots, std::string::npos);
    EXPECT_LE(text_width(fitted, 12), width + 2) << "but for kerning around the ellipsis";
    EXPECT_GT(text_width(fitted, 12), width - 2 * 16);
    EXPECT_TRUE(name.starts_with(fitted.substr(0, dots)));
    EXPECT_TRUE(name.ends_with(fitted.substr(dots + 3)));
    EXPECT_EQ(fitted.find("\ufffd"), std::string::npos);
  }
}

// From several threads, as pictures are drawn.
TEST(Canvas, TextFromSeveralThreads) {
  const auto draw = [] {
    Canvas canvas(400, 60);
    for (int size = 5; size < 30; ++size) {
      canvas.text({2.3 * size, 40}, "Several threads", {.size = static_cast<double>(size)});
    }
    return canvas;
  };
  std::vector<std::optional<Canvas>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& one : drawn) threads.emplace_back([&one, &draw] { one = draw(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : drawn) {
    EXPECT_TRUE(std::ranges::equal(one->pixels(), drawn[0]->pixels()));
  }
}

TEST(Canvas, EveryGlyph) {
  Canvas canvas(640, 330, {18, 20, 26});
  std::vector<std::string> lines;
  for (char32_t c = ' '; c < 0x180; ++c) {
    if (c % 0x20 == 0) lines.emplace_back();
    if (c >= 0x7F && c < 0xA0) continue;
    if (c >= 0x80) lines.back() += static_cast<char>(0xC0 | c >> 6);
    lines.back() += static_cast<char>(c < 0x80 ? c : 0x80 | (c & 0x3F));
  }
  lines[3] = "\u2013\u2014 \u2018\u2019 \u201c\u201d \u2022 \u2026 \u2212\u2248\u2264\u2265 \ufffd";
  double y = 30;
  for (const std::string& line : lines) {
    canvas.text({10, y}, line, {.color = {235, 238, 245}, .size = 13});
    y += 28;
  }
  expect_picture(canvas, "glyphs");
}

// At the sizes that pictures use.
TEST(Canvas, TextOfSmallSizes) {
  Canvas canvas(420, 170);
  double y = 20;
  for (const double size : {6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 16.0}) {
    canvas.text({10, y}, "The quick brown fox, 1234567890", {.color = {38, 42, 51}, .size = size});
    y += 2 * size + 6;
  }
  expect_picture(canvas, "small_text");
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

// Where the title leaves no room for the names, they stand in rows below it.
TEST(Plot, ManyLines) {
  std::vector<Series> lines;
  for (int k = 0; k < 8; ++k) {
    lines.push_back({.name = "line number " + std::to_string(k), .x = counting(50), .y = {}});
    for (const double x : counting(50)) lines.back().y.push_back(k + 0.5 * std::sin(0.2 * x + k));
  }
  expect_picture(plot(lines, {.title = "Lines", .width = 480, .height = 320}), "lines");
  for (int k = 8; k < 300; ++k) lines.push_back({.name = std::string(300, 'W'), .x = {}, .y = {}});
  for (const int side : {1, 30, 100, 400}) {
    EXPECT_NO_THROW((void)plot(lines, {.title = "Lines", .width = 2 * side, .height = side}));
  }
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
