#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/quantile.h"
#include "viz/captions.h"
#include "viz/disc_stamp.h"
#include "viz/viewpoint.h"

namespace voxloom::viz {
namespace {

constexpr double kOutside = 2 * DiscStamps::kMostRadius;

struct Range {
  double low = -1, high = 1;
};

// Without the outermost hundredth on each side, which can be far away; with the origin, where that is not.
Range range_of(const PointCloud& points, const std::vector<std::size_t>& shown, std::size_t axis) {
  std::vector<float> values;
  for (const std::size_t i : shown) values.push_back(points.positions[i][axis]);
  if (values.empty()) return {};
  constexpr double kNear = 0.5;      // of the points' own width
  constexpr std::size_t kFew = 200;  // of these the outermost ones count too
  const double outside = values.size() < kFew ? 0 : 0.01;
  Range range{double{quantile(values, outside)}, double{quantile(values, 1 - outside)}};
  const double near = kNear * (range.high - range.low);
  if (range.low <= near && range.high >= -near) {
    range = {std::min(range.low, 0.0), std::max(range.high, 0.0)};
  }
  const double margin = std::max(1.0, 0.05 * (range.high - range.low));
  return {range.low - margin, range.high + margin};
}

// Low points first, so that what stands on them is drawn over them.
std::vector<std::size_t> from_below(const PointCloud& points, double ceiling) {
  std::vector<std::size_t> order(points.positions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) {
    const auto& p = points.positions[i];
    return !is_finite(p) || double{p[2]} > ceiling;
  });
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return points.positions[a][2] < points.positions[b][2];
  });
  return order;
}

}  // namespace

Canvas view_from_above(const PointCloud& points, const PictureOptions& options) {
  check(points);
  Canvas canvas(options.width, options.height, kNight);
  const LookFromAbove look = look_from_above(points);
  const std::vector<std::size_t> order = from_below(points, look.ceiling);
  const Range forward = range_of(points, order, 0), left = range_of(points, order, 1);
  const int width = width_of_plot(options);
  const double scale =
      std::min(options.height / (forward.high - forward.low), width / (left.high - left.low));
  const auto pixel = [&](double x, double y) {
    return Point2{width / 2.0 - (y - (left.low + left.high) / 2) * scale,
                  options.height / 2.0 - (x - (forward.low + forward.high) / 2) * scale};
  };
  const double radius = std::clamp(look.point_size / 2 * scale, 0.75, 3.0);
  DiscStamps stamps;
  for (const std::size_t i : order) {
    const Point2 at = pixel(double{points.positions[i][0]}, double{points.positions[i][1]});
    if (!(at.x > -kOutside && at.y > -kOutside && at.x < width + kOutside &&
          at.y < options.height + kOutside)) {
      continue;
    }
    const int x = static_cast<int>(std::floor(at.x)), y = static_cast<int>(std::floor(at.y));
    for (const StampPixel& p : stamps.at(radius, at)) {
      canvas.blend(x + p.dx, y + p.dy, points.colors[i], 0.9 * double{p.share});
    }
  }
  const Point2 origin = pixel(0, 0);
  const Pen cross{.color = kCaption, .width = 1.5};
  canvas.line({origin.x - 7, origin.y}, {origin.x + 7, origin.y}, cross);
  canvas.line({origin.x, origin.y - 7}, {origin.x, origin.y + 7}, cross);
  draw_scale_bar(canvas, scale);
  draw_captions(canvas, options);
  return canvas;
}

}  // namespace voxloom::viz
