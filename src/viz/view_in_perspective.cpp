#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "viz/captions.h"
#include "viz/disc_stamp.h"
#include "viz/viewpoint.h"

namespace voxloom::viz {
namespace {

constexpr double kNearest = 0.5;  // nothing nearer is drawn
constexpr float kFar = std::numeric_limits<float>::infinity();

struct Projected {
  Point2 at = {};
  double depth = 0;
};

class Camera {
 public:
  Camera(const PointCloud& points, int width, int height)
      : middle_{width / 2.0, height / 2.0},
        focal_(0.75 * width),
        view_(viewpoint_of(points, width, height, focal_)) {}

  // Nothing for what is behind, or in the way.
  [[nodiscard]] std::optional<Projected> project(const std::array<float, 3>& p) const {
    if (!is_finite(p) || !view_.shows(p)) return std::nullopt;
    const Vector3 to = {double{p[0]} - view_.eye[0], double{p[1]} - view_.eye[1],
                        double{p[2]} - view_.eye[2]};
    const double depth = dot(to, view_.forward);
    if (!(depth >= kNearest)) return std::nullopt;
    return Projected{{middle_.x + focal_ * dot(to, view_.right) / depth,
                      middle_.y - focal_ * dot(to, view_.up) / depth},
                     depth};
  }
  [[nodiscard]] double point_size() const { return view_.point_size; }
  [[nodiscard]] double pixels(double metres, double depth) const { return focal_ * metres / depth; }

 private:
  static double dot(const Vector3& a, const Vector3& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  }
  Point2 middle_;
  double focal_;
  Viewpoint view_;
};

// The nearest point of each pixel.
class DepthBuffer {
 public:
  DepthBuffer(int width, int height)
      : width_(width),
        height_(height),
        depth_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), kFar),
        color_(depth_.size(), kNight) {}

  // A ball, of which the half towards the eye is seen.
  void splat(const Projected& point, double radius, double metres, Color color) {
    if (!(std::abs(point.at.x) < Canvas::kMaxSide + kMargin) ||
        !(std::abs(point.at.y) < Canvas::kMaxSide + kMargin)) {
      return;
    }
    const int left = static_cast<int>(std::floor(point.at.x));
    const int top = static_cast<int>(std::floor(point.at.y));
    for (const StampPixel& pixel : stamps_.at(radius, point.at)) {
      const int x = left + pixel.dx, y = top + pixel.dy;
      if (pixel.share < 0.5F || x < 0 || y < 0 || x >= width_ || y >= height_) continue;
      const std::size_t i = index(x, y);
      const auto depth = static_cast<float>(point.depth - metres * double{pixel.height});
      if (depth >= depth_[i]) continue;
      depth_[i] = depth;
      color_[i] = mix({0, 0, 0}, color, double{pixel.light});
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

  static constexpr double kMargin = 2 * DiscStamps::kMostRadius;
  int width_, height_;
  DiscStamps stamps_;
  std::vector<float> depth_;
  std::vector<Color> color_;
};

}  // namespace

Canvas view_in_perspective(const PointCloud& points, const PictureOptions& options) {
  check(points);
  Canvas canvas(options.width, options.height, kNight);
  const int width = width_of_plot(options);
  const Camera camera(points, width, options.height);
  DepthBuffer buffer(width, options.height);
  for (std::size_t i = 0; i < points.positions.size(); ++i) {
    const auto seen = camera.project(points.positions[i]);
    if (!seen) continue;
    const double radius =
        std::clamp(camera.pixels(camera.point_size(), seen->depth) / 2, 0.75, 5.0);
    buffer.splat(*seen, radius, camera.point_size() / 2, points.colors[i]);
  }
  buffer.draw(canvas);
  draw_captions(canvas, options);
  return canvas;
}

}  // namespace voxloom::viz
