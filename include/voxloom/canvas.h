// Canvas: a picture in memory to draw on, and PNG files.
//
// Pixels are 8-bit red, green, blue, row by row from the top left. Coordinates are in pixels, x to the
// right, y down; (0, 0) is the corner of the first pixel, (0.5, 0.5) its centre. What is drawn is
// anti-aliased, and what lies outside of the picture is left out.
// Errors: std::invalid_argument for sizes that make no sense, std::system_error when a file cannot be
// written; a file appears whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {
namespace viz {

struct Color {
  std::uint8_t r = 0, g = 0, b = 0;
  friend bool operator==(const Color&, const Color&) = default;
};

// `share` of `b`, the rest of `a`.
[[nodiscard]] Color mix(Color a, Color b, double share);

struct Point2 {
  double x = 0, y = 0;
  friend bool operator==(const Point2&, const Point2&) = default;
};

struct Rect {
  double x = 0, y = 0, width = 0, height = 0;
};

struct Pen {
  Color color = {};
  double width = 1;
  double opacity = 1;
};

enum class Align : std::uint8_t { start, center, end };

// Text is UTF-8 and stands on a baseline, on a whole row of pixels; `vertical` tells whether `at` is its top, the
// middle of its capitals, or the baseline. The font is DejaVu Sans, its Latin letters and some signs; what it lacks,
// control characters and bytes that are no UTF-8 are drawn as U+FFFD.
struct TextStyle {
  Color color = {};
  double size = 12;  // the height of capitals, rounded to pixels, at most 512; of 0: nothing
  Align horizontal = Align::start;
  Align vertical = Align::end;
  bool upright = false;  // reads from the bottom to the top
};

// From where the first character starts to where the next one would.
[[nodiscard]] double text_width(std::string_view text, double size);

// `text` where it is at most `width` wide, otherwise its beginning and its end around an ellipsis; nothing where even
// that has no room.
[[nodiscard]] std::string fitted_text(std::string_view text, double size, double width);

class Canvas {
 public:
  static constexpr int kMaxSide = 16384;

  Canvas(int width, int height, Color background = {255, 255, 255});

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] std::span<const Color> pixels() const { return pixels_; }
  [[nodiscard]] std::span<Color> pixels() { return pixels_; }
  [[nodiscard]] Color at(int x, int y) const { return pixels_[index(x, y)]; }  // within the picture

  // Mixes `opacity` of a colour into a pixel.
  void blend(int x, int y, Color color, double opacity);

  void fill(const Rect& area, Color color, double opacity = 1);
  void disc(Point2 center, double radius, Color color, double opacity = 1);
  void line(Point2 from, Point2 to, const Pen& pen);
  // One stroke: where it crosses itself, it is not drawn twice.
  void polyline(std::span<const Point2> points, const Pen& pen);
  void polygon(std::span<const Point2> corners, Color color, double opacity = 1);
  void text(Point2 at, std::string_view text, const TextStyle& style);

 private:
  [[nodiscard]] std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
           static_cast<std::size_t>(x);
  }

  int width_, height_;
  std::vector<Color> pixels_;
};

[[nodiscard]] std::vector<std::byte> format_png(const Canvas& canvas);
void write_png(const std::filesystem::path& path, const Canvas& canvas);

}  // namespace viz
}  // namespace voxloom
