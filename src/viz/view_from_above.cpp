#include <algorithm>
#include <cmath>
#include <numeric>

#include "viz/captions.h"

namespace voxloom::viz {
namespace {

struct Range {
  double low = -1, high = 1;
};

// Without the outermost hundredth on each side, which can be far away; the origin is always shown.
Range range_of(const PointCloud& points, const std::vector<std::size_t>& shown, std::size_t axis) {
  std::vector<float> values;
  for (const std::size_t i : shown) values.push_back(points.positions[i][axis]);
  if (values.empty()) return {};
  const auto at = [&](double share) {
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + place, values.end());
    return static_cast<double>(values[static_cast<std::size_t>(place)]);
  };
  const Range range{std::min(at(0.01), 0.0), std::max(at(0.99), 0.0)};
  const double margin = std::max(1.0, 0.05 * (range.high - range.low));
  return {range.low - margin, range.high + margin};
}

// Low points first, so that what stands on them is drawn over them.
std::vector<std::size_t> from_below(const PointCloud& points) {
  std::vector<std::size_t> order(points.positions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return !is_finite(points.positions[i]); });
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return points.positions[a][2] < points.positions[b][2];
  });
  return order;
}

}  // namespace

Canvas view_from_above(const PointCloud& points, const PictureOptions& options) {
  check(points);
  Canvas canvas(options.width, options.height, kNight);
  const std::vector<std::size_t> order = from_below(points);
  const Range forward = range_of(points, order, 0), left = range_of(points, order, 1);
  const double scale = std::min(options.height / (forward.high - forward.low),
                                options.width / (left.high - left.low));
  const auto pixel = [&](double x, double y) {
    return Point2{options.width / 2.0 - (y - (left.low + left.high) / 2) * scale,
                  options.height / 2.0 - (x - (forward.low + forward.high) / 2) * scale};
  };
  const double radius = std::clamp(0.09 * scale, 0.7, 3.0);
  for (const std::size_t i : order) {
    canvas.disc(pixel(static_cast<double>(points.positions[i][0]),
                      static_cast<double>(points.positions[i][1])),
                radius, points.colors[i], 0.9);
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
