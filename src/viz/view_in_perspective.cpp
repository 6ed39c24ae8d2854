#include <algorithm>
#include <cmath>
#include <limits>

#include "viz/captions.h"

namespace voxloom::viz {
namespace {

constexpr double kBehind = 9, kAbove = 6;    // the camera, in metres from the origin
constexpr double kDown = 0.24;               // the slope of its view
constexpr double kNearest = 0.5;             // nothing nearer is drawn
constexpr double kPointSize = 0.09;          // metres
constexpr float kFar = std::numeric_limits<float>::infinity();

struct Projected {
  double x = 0, y = 0, depth = 0;
};

class Camera {
 public:
  Camera(int width, int height) : width_(width), height_(height), focal_(0.75 * width) {}

  [[nodiscard]] Projected project(const std::array<float, 3>& p) const {
    const double length = std::hypot(1.0, kDown);
    const double x = static_cast<double>(p[0]) + kBehind, z = static_cast<double>(p[2]) - kAbove;
    const double depth = (x - kDown * z) / length;
    const double up = (z + kDown * x) / length;
    if (depth < kNearest) return {.depth = -1};
    return {width_ / 2.0 - focal_ * static_cast<double>(p[1]) / depth,
            0.5 * height_ - focal_ * up / depth, depth};
  }
  [[nodiscard]] double pixels(double metres, double depth) const { return focal_ * metres / depth; }

 private:
  int width_, height_;
  double focal_;
};

// The nearest point of each pixel.
class DepthBuffer {
 public:
  DepthBuffer(int width, int height)
      : width_(width),
        height_(height),
        depth_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), kFar),
        color_(depth_.size(), kNight) {}

  void splat(const Projected& at, double radius, Color color) {
    const auto clamped = [](double v, int limit) {
      return static_cast<int>(std::clamp(v, 0.0, static_cast<double>(limit)));
    };
    const auto depth = static_cast<float>(at.depth);
    for (int y = clamped(at.y - radius, height_); y < clamped(at.y + radius + 1, height_); ++y) {
      for (int x = clamped(at.x - radius, width_); x < clamped(at.x + radius + 1, width_); ++x) {
        const std::size_t i = index(x, y);
        if (depth < depth_[i]) {
          depth_[i] = depth;
          color_[i] = color;
        }
      }
    }
  }

  // Eye-dome lighting: a pixel is darker the farther it lies behind its neighbours, by the logarithm
  // of the depths (Boucheny, "Visualisation scientifique de grands volumes de donnees", 2009).
  void draw(Canvas& canvas) const {
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        const std::size_t i = index(x, y);
        if (depth_[i] == kFar) continue;
        const double light = std::exp(-6.0 * behind(x, y));
        canvas.blend(x, y, mix({0, 0, 0}, color_[i], light), 1);
      }
    }
  }

 private:
  [[nodiscard]] std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
           static_cast<std::size_t>(x);
  }
  [[nodiscard]] double behind(int x, int y) const {
    constexpr int kReach = 2;
    const double own = std::log2(static_cast<double>(depth_[index(x, y)]));
    double sum = 0;
    for (const auto& [dx, dy] : {std::pair{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
      const int nx = x + kReach * dx, ny = y + kReach * dy;
      if (nx < 0 || ny < 0 || nx >= width_ || ny >= height_) continue;
      const float other = depth_[index(nx, ny)];
      if (other != kFar) sum += std::max(0.0, own - std::log2(static_cast<double>(other)));
    }
    return sum / 4;
  }

  int width_, height_;
  std::vector<float> depth_;
  std::vector<Color> color_;
};

}  // namespace

Canvas view_in_perspective(const PointCloud& points, const PictureOptions& options) {
  check(points);
  Canvas canvas(options.width, options.height, kNight);
  const Camera camera(options.width, options.height);
  DepthBuffer buffer(options.width, options.height);
  for (std::size_t i = 0; i < points.positions.size(); ++i) {
    if (!is_finite(points.positions[i])) continue;
    const Projected at = camera.project(points.positions[i]);
    if (at.depth < kNearest) continue;
    const double radius = std::clamp(camera.pixels(kPointSize, at.depth) / 2, 0.5, 5.0);
    buffer.splat(at, radius, points.colors[i]);
  }
  buffer.draw(canvas);
  draw_captions(canvas, options);
  return canvas;
}

}  // namespace voxloom::viz
