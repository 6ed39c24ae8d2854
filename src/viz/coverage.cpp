#include "viz/coverage.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace voxloom::viz {
namespace {

int clamped(double value, int limit) {
  return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(limit)));
}

double distance_to_segment(Point2 p, Point2 a, Point2 b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  double along = length > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length : 0;
  along = std::clamp(along, 0.0, 1.0);
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

// Even-odd rule.
bool is_inside(Point2 p, std::span<const Point2> corners) {
  bool inside = false;
  for (std::size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const Point2 a = corners[i], b = corners[j];
    if ((a.y > p.y) == (b.y > p.y)) continue;
    if (p.x < a.x + (p.y - a.y) * (b.x - a.x) / (b.y - a.y)) inside = !inside;
  }
  return inside;
}

// A pixel is asked at 16 places.
constexpr std::array kSubpixels = {0.125, 0.375, 0.625, 0.875};

float share_inside(int x, int y, std::span<const Point2> corners) {
  int hits = 0;
  for (const double dy : kSubpixels) {
    for (const double dx : kSubpixels) hits += is_inside({x + dx, y + dy}, corners) ? 1 : 0;
  }
  return static_cast<float>(hits) / 16.0F;
}

}  // namespace

Coverage::Coverage(const Canvas& canvas, const Rect& box)
    : left_(clamped(std::floor(box.x), canvas.width())),
      top_(clamped(std::floor(box.y), canvas.height())),
      width_(clamped(std::ceil(box.x + box.width), canvas.width()) - left_),
      height_(clamped(std::ceil(box.y + box.height), canvas.height()) - top_),
      shares_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_), 0.0F) {}

void Coverage::raise(int x, int y, float share) {
  float& place = shares_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                         static_cast<std::size_t>(x)];
  place = std::max(place, share);
}

void Coverage::add_segment(Point2 from, Point2 to, double radius) {
  const std::array<Point2, 2> ends = {from, to};
  const Rect box = box_around(ends, radius + 1);
  const int x_end = clamped(std::ceil(box.x + box.width) - left_, width_);
  const int y_end = clamped(std::ceil(box.y + box.height) - top_, height_);
  // Lines thinner than a pixel get paler instead of thinner.
  const double full = std::min(1.0, 2 * radius);
  for (int y = clamped(std::floor(box.y) - top_, height_); y < y_end; ++y) {
    for (int x = clamped(std::floor(box.x) - left_, width_); x < x_end; ++x) {
      const Point2 center = {left_ + x + 0.5, top_ + y + 0.5};
      const double reach = std::max(radius, 0.5) + 0.5 - distance_to_segment(center, from, to);
      if (reach > 0) raise(x, y, static_cast<float>(full * std::min(1.0, reach)));
    }
  }
}

void Coverage::add_path(std::span<const Point2> points, double radius) {
  if (points.size() == 1) add_segment(points[0], points[0], radius);
  for (std::size_t i = 1; i < points.size(); ++i) add_segment(points[i - 1], points[i], radius);
}

void Coverage::add_polygon(std::span<const Point2> corners) {
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) raise(x, y, share_inside(left_ + x, top_ + y, corners));
  }
}

void Coverage::draw(Canvas& canvas, Color color, double opacity) const {
  std::size_t at = 0;
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) {
      const float share = shares_[at++];
      if (share > 0) canvas.blend(left_ + x, top_ + y, color, opacity * static_cast<double>(share));
    }
  }
}

Rect box_around(std::span<const Point2> points, double margin) {
  if (points.empty()) return {};
  Point2 low = points[0], high = points[0];
  for (const Point2 p : points) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  return {low.x - margin, low.y - margin, high.x - low.x + 2 * margin, high.y - low.y + 2 * margin};
}

}  // namespace voxloom::viz
