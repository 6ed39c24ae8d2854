// Default colours can be told apart, also by eyes that lack one kind of cones, and from their ground.
#include "viz/palette.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace voxloom::test {
namespace {

using namespace viz;

using Three = std::array<double, 3>;
using Matrix = std::array<Three, 3>;

Three times(const Matrix& m, const Three& v) {
  Three result{};
  for (std::size_t i = 0; i < 3; ++i)
    result.at(i) = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
  return result;
}

// IEC 61966-2-1.
Three linear(Color color) {
  const auto part = [](std::uint8_t v) {
    const double c = v / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return {part(color.r), part(color.g), part(color.b)};
}

double light(Color color) {
  const Three c = linear(color);
  return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
}

// WCAG 2.1.
double contrast(Color a, Color b) {
  const auto [low, high] = std::minmax({light(a), light(b)});
  return (high + 0.05) / (low + 0.05);
}

// All three kinds of cones, and without those for long, middle and short waves: Machado and others 2009, table 1.
constexpr std::array<Matrix, 4> kEyes = {{{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
                                          {{{0.152286, 1.052583, -0.204868},
                                            {0.114503, 0.786281, 0.099216},
                                            {-0.003882, -0.048116, 1.051998}}},
                                          {{{0.367322, 0.860646, -0.227968},
                                            {0.280085, 0.672501, 0.047413},
                                            {-0.011820, 0.042940, 0.968881}}},
                                          {{{1.255528, -0.076749, -0.178779},
                                            {-0.078411, 0.930809, 0.147602},
                                            {0.004733, 0.691367, 0.303900}}}}};

// CIE 15, D65.
Three lab(Three rgb) {
  for (double& v : rgb) v = std::clamp(v, 0.0, 1.0);
  constexpr Matrix kXyz = {{{0.4124564, 0.3575761, 0.1804375},
                            {0.2126729, 0.7151522, 0.0721750},
                            {0.0193339, 0.1191920, 0.9503041}}};
  constexpr Three kWhite = {0.95047, 1, 1.08883};
  Three f = times(kXyz, rgb);
  for (std::size_t i = 0; i < 3; ++i) {
    const double v = f.at(i) / kWhite.at(i);
    f.at(i) = v > 216.0 / 24389 ? std::cbrt(v) : (24389.0 / 27 * v + 16) / 116;
  }
  return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

// CIE76: coarser than what the colours were chosen by.
double distance(Color a, Color b, const Matrix& eye) {
  const Three p = lab(times(eye, linear(a))), q = lab(times(eye, linear(b)));
  return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

template <class ColorAt>
double smallest_distance(ColorAt color_at, std::size_t count) {
  double least = std::numeric_limits<double>::infinity();
  for (const Matrix& eye : kEyes) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        least = std::min(least, distance(color_at(i), color_at(j), eye));
      }
    }
  }
  return least;
}

TEST(Palette, ClassesAreToldApart) {
  EXPECT_GT(smallest_distance(class_color, 8), 16);
  EXPECT_GT(smallest_distance(class_color, 12), 12);
  EXPECT_GT(smallest_distance(class_color, 24), 7);
  for (std::size_t i = 0; i < 24; ++i) EXPECT_GT(contrast(class_color(i), {16, 18, 24}), 4) << i;
  for (std::size_t i = 0; i < 72; ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(class_color(i), class_color(j)) << i << " " << j;
  }
}

TEST(Palette, LinesAreToldApart) {
  EXPECT_GT(smallest_distance(series_color, 4), 21);
  EXPECT_GT(smallest_distance(series_color, 8), 13);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_GE(contrast(series_color(i), {255, 255, 255}), 3) << i;
}

}  // namespace
}  // namespace voxloom::test
