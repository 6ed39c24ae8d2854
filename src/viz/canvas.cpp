#include "voxloom/canvas.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "viz/coverage.h"

namespace voxloom::viz {
namespace {

std::uint8_t mixed(std::uint8_t a, std::uint8_t b, double share) {
  return static_cast<std::uint8_t>(std::lround(a + share * (b - a)));
}

// The part of the pixel [i, i + 1) that [low, high) covers.
double overlap(int i, double low, double high) {
  return std::clamp(std::min(high, i + 1.0) - std::max(low, static_cast<double>(i)), 0.0, 1.0);
}

}  // namespace

Color mix(Color a, Color b, double share) {
  share = std::clamp(share, 0.0, 1.0);
  return {mixed(a.r, b.r, share), mixed(a.g, b.g, share), mixed(a.b, b.b, share)};
}

Canvas::Canvas(int width, int height, Color background) : width_(width), height_(height) {
  require(width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide, "canvas",
          "expected a width and a height from 1 to {}, not {} x {}", kMaxSide, width, height);
  pixels_.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), background);
}

void Canvas::blend(int x, int y, Color color, double opacity) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  Color& place = pixels_[index(x, y)];
  place = mix(place, color, opacity);
}

void Canvas::fill(const Rect& area, Color color, double opacity) {
  const double right = area.x + area.width, bottom = area.y + area.height;
  const auto first = [](double v, int limit) {
    return static_cast<int>(std::clamp(std::floor(v), 0.0, static_cast<double>(limit)));
  };
  for (int y = first(area.y, height_); y < height_ && y < bottom; ++y) {
    for (int x = first(area.x, width_); x < width_ && x < right; ++x) {
      const double share = overlap(x, area.x, right) * overlap(y, area.y, bottom);
      blend(x, y, color, opacity * share);
    }
  }
}

void Canvas::disc(Point2 center, double radius, Color color, double opacity) {
  const std::array<Point2, 1> path = {center};
  polyline(path, {.color = color, .width = 2 * radius, .opacity = opacity});
}

void Canvas::line(Point2 from, Point2 to, const Pen& pen) {
  const std::array<Point2, 2> path = {from, to};
  polyline(path, pen);
}

void Canvas::polyline(std::span<const Point2> points, const Pen& pen) {
  Coverage coverage(*this, box_around(points, pen.width / 2 + 1));
  coverage.add_path(points, pen.width / 2);
  coverage.draw(*this, pen.color, pen.opacity);
}

void Canvas::polygon(std::span<const Point2> corners, Color color, double opacity) {
  require(corners.size() >= 3, "canvas", "a polygon has at least 3 corners, not {}",
          corners.size());
  Coverage coverage(*this, box_around(corners, 0));
  coverage.add_polygon(corners);
  coverage.draw(*this, color, opacity);
}

}  // namespace voxloom::viz
