#include "viz/viewpoint.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/finite.h"
#include "core/quantile.h"

namespace voxloom::viz {
namespace {

using Point = std::array<float, 3>;

constexpr std::size_t kMostSamples = 1 << 15;
constexpr double kSensorPointSize = 0.09;  // metres
constexpr double kEndless = std::numeric_limits<double>::max();

double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
Vector3 unit(const Vector3& v) {
  const double length = std::sqrt(dot(v, v));
  return {v[0] / length, v[1] / length, v[2] / length};
}
double in_the_plane(const Point& p) { return std::hypot(double{p[0]}, double{p[1]}); }

std::vector<Point> samples_of(const PointCloud& points) {
  const std::size_t step = points.positions.size() / kMostSamples + 1;
  std::vector<Point> samples;
  for (std::size_t i = 0; i < points.positions.size(); i += step) {
    if (is_finite(points.positions[i])) samples.push_back(points.positions[i]);
  }
  return samples;
}

std::vector<double> along(const std::vector<Point>& samples, std::size_t axis) {
  std::vector<double> values;
  for (const Point& p : samples) values.push_back(double{p[axis]});
  return values;
}

struct Box3 {
  Vector3 low = {}, high = {};
  [[nodiscard]] double size(std::size_t axis) const { return high[axis] - low[axis]; }
};

// Without the outermost points, which may be far away.
Box3 box_of(const std::vector<Point>& samples, double outside) {
  constexpr double kLeast = 0.5;
  constexpr std::size_t kFew = 400;  // of these the outermost ones count too
  if (samples.size() < kFew) outside = 0;
  Box3 box;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<double> values = along(samples, axis);
    const double low = quantile(values, outside), high = quantile(values, 1 - outside);
    const double margin = std::max(0.0, kLeast - (high - low)) / 2;
    box.low[axis] = low - margin;
    box.high[axis] = high + margin;
  }
  return box;
}

// As around a turning sensor on a car: dense near it, over ground.
bool is_seen_from_origin(const std::vector<Point>& samples) {
  constexpr double kCrowd = 0.2, kAround = 10, kFewest = 12;
  std::vector<double> distances, near;
  for (const Point& p : samples) {
    distances.push_back(in_the_plane(p));
    if (distances.back() < kAround) near.push_back(double{p[2]});
  }
  if (near.empty()) return false;
  const double extent = quantile(distances, 0.95), floor = quantile(near, 0.01);
  const auto inner = std::ranges::count_if(distances, [&](double d) { return d <= extent / 4; });
  const bool is_crowd = static_cast<double>(inner) >= kCrowd * static_cast<double>(samples.size());
  return is_crowd && extent > kFewest && floor < -0.5 && floor > -5;
}

Viewpoint behind_the_sensor() {
  constexpr double kBehind = 9, kAbove = 6;  // metres from the origin
  constexpr double kDown = 0.24;             // the slope of the view
  return {.eye = {-kBehind, 0, kAbove},
          .forward = unit({1, 0, -kDown}),
          .right = {0, -1, 0},
          .up = unit({kDown, 0, 1}),
          .point_size = kSensorPointSize};
}

// Through the doors and windows of a room some of what is outside is seen.
constexpr double kBeyondWalls = 0.03;

// Whether much of what is seen from above is of one height: a ceiling, of which a camera may have seen a part.
bool has_lid(const std::vector<Point>& samples, const Box3& box) {
  constexpr double kTop = 0.15, kHighest = 8, kShare = 0.35;
  if (box.size(2) > kHighest || box.size(2) < 1.5) return false;
  constexpr int kCells = 16;
  std::array<double, kCells * kCells> highest;
  highest.fill(box.low[2] - 1);
  for (const Point& p : samples) {
    const auto cell = [&](std::size_t axis) {
      const double at = (double{p[axis]} - box.low[axis]) / box.size(axis) * kCells;
      return static_cast<std::size_t>(std::clamp(at, 0.0, kCells - 1.0));
    };
    double& top = highest.at(cell(1) * kCells + cell(0));
    top = std::max(top, double{p[2]});
  }
  const auto met = std::ranges::count_if(highest, [&](double z) { return z >= box.low[2]; });
  const double lid = box.high[2] - kTop * box.size(2);
  const auto high = std::ranges::count_if(highest, [&](double z) { return z >= lid; });
  return static_cast<double>(high) > kShare * static_cast<double>(met);
}

void cut(Viewpoint& view, const Vector3& normal, double offset) {
  view.cuts.at(static_cast<std::size_t>(view.cut_count++)) = {normal, offset};
}

double below_ceiling(const Box3& box) {
  constexpr double kCeiling = 0.12;
  return box.high[2] - kCeiling * box.size(2);
}

// The ceiling, and the two walls towards the eye.
void open_room(Viewpoint& view, const Box3& box) {
  constexpr double kWall = 0.06;
  cut(view, {0, 0, 1}, below_ceiling(box));
  for (const std::size_t axis : {std::size_t{0}, std::size_t{1}}) {
    Vector3 outwards = {};
    const bool is_low = view.forward.at(axis) > 0;
    outwards.at(axis) = is_low ? -1 : 1;
    cut(view, outwards, (is_low ? -box.low.at(axis) : box.high.at(axis)) - kWall * box.size(axis));
  }
}

using Corners = std::array<Vector3, 8>;

Corners corners_of(const Box3& box) {
  Corners corners;
  for (unsigned corner = 0; corner < corners.size(); ++corner) {
    for (unsigned axis = 0; axis < 3; ++axis) {
      corners.at(corner).at(axis) =
          (corner >> axis & 1U) != 0 ? box.high.at(axis) : box.low.at(axis);
    }
  }
  return corners;
}

Vector3 moved(const Vector3& from, const Vector3& along, double by) {
  return {from[0] + by * along[0], from[1] + by * along[1], from[2] + by * along[2]};
}

// So far back that the corners fill the picture and none of them is outside, with as much room on either side.
void step_back(Viewpoint& view, const Box3& box, double width, double height, double focal) {
  constexpr double kFilled = 0.92;
  constexpr int kSteps =
      6;  // the middle of the picture depends on the distance, and that on the middle
  const double wide = kFilled * width / (2 * focal), high = kFilled * height / (2 * focal);
  const Corners corners = corners_of(box);
  Vector3 aim = moved(corners.front(), moved(corners.back(), corners.front(), -1), 0.5);
  for (int step = 0; step < kSteps; ++step) {
    double distance = 0;
    for (const Vector3& corner : corners) {
      const Vector3 c = moved(corner, aim, -1);
      const double fits =
          std::max(std::abs(dot(c, view.right)) / wide, std::abs(dot(c, view.up)) / high);
      distance = std::max(distance, fits - dot(c, view.forward));
    }
    view.eye = moved(aim, view.forward, -distance);
    std::array<double, 2> low = {kEndless, kEndless}, most = {-kEndless, -kEndless};
    for (const Vector3& corner : corners) {
      const Vector3 c = moved(corner, view.eye, -1);
      const double depth = dot(c, view.forward);
      const std::array<double, 2> at = {dot(c, view.right) / depth, dot(c, view.up) / depth};
      for (std::size_t side = 0; side < 2; ++side) {
        low.at(side) = std::min(low.at(side), at.at(side));
        most.at(side) = std::max(most.at(side), at.at(side));
      }
    }
    aim = moved(aim, view.right, distance * (low[0] + most[0]) / 2);
    aim = moved(aim, view.up, distance * (low[1] + most[1]) / 2);
  }
}

struct Layout {
  enum class Kind : std::uint8_t { around_sensor, room, open } kind = Kind::around_sensor;
  Box3 box = {};
  double point_size = kSensorPointSize;
};

// A garage or a tunnel around a car is a room.
Layout layout_of(const PointCloud& points) {
  using enum Layout::Kind;
  constexpr double kStray = 0.005;
  const std::vector<Point> samples = samples_of(points);
  if (samples.empty()) return {};
  Box3 box = box_of(samples, kBeyondWalls);
  const bool is_room = has_lid(samples, box);
  if (!is_room && is_seen_from_origin(samples)) return {};
  if (!is_room) box = box_of(samples, kStray);
  // As much as a point has of what is seen: of a room walls and furniture too.
  const double area = box.size(0) * box.size(1) * (is_room ? 4 : 1);
  return {is_room ? room : open, box,
          1.3 * std::sqrt(area / static_cast<double>(points.positions.size()))};
}

Viewpoint overview(const Layout& layout, double width, double height, double focal) {
  constexpr double kAside = 0.45, kOutside = -0.65, kInside = -1.3;  // slopes of the view
  const bool is_room = layout.kind == Layout::Kind::room;
  const Box3& box = layout.box;
  const double down = is_room ? kInside : kOutside;
  Viewpoint view;
  view.forward =
      unit(box.size(0) > box.size(1) ? Vector3{kAside, 1, down} : Vector3{1, kAside, down});
  view.right = unit(cross(view.forward, {0, 0, 1}));
  view.up = cross(view.right, view.forward);
  if (is_room) open_room(view, box);
  step_back(view, box, width, height, focal);
  view.point_size = layout.point_size;
  return view;
}

}  // namespace

bool Viewpoint::shows(const std::array<float, 3>& p) const {
  const Vector3 at = {double{p[0]}, double{p[1]}, double{p[2]}};
  for (int i = 0; i < cut_count; ++i) {
    const Cut& cut = cuts.at(static_cast<std::size_t>(i));
    if (dot(cut.normal, at) > cut.offset) return false;
  }
  return true;
}

LookFromAbove look_from_above(const PointCloud& points) {
  const Layout layout = layout_of(points);
  const bool is_room = layout.kind == Layout::Kind::room;
  return {layout.point_size, is_room ? below_ceiling(layout.box) : kEndless};
}

Viewpoint viewpoint_of(const PointCloud& points, double width, double height, double focal) {
  const Layout layout = layout_of(points);
  if (layout.kind == Layout::Kind::around_sensor) return behind_the_sensor();
  return overview(layout, width, height, focal);
}

}  // namespace voxloom::viz
