#include "sim/parts.h"

#include <algorithm>

namespace voxloom::street {
namespace {

// A line in the profile's plane: inside is to its left.
Plane edge_plane(Vec2 from, Vec2 to, bool glass) {
  const Vec2 d = to - from;
  const double size = 1 / length(d);
  const Vec3 normal = {d.y * size, 0, -d.x * size};
  return {normal, normal.x * from.x + normal.z * from.y, glass};
}

Plane side_plane(const Profile& profile, Vec2 low, Vec2 high, double side) {
  const double lean = profile.bottom_half_width - profile.top_half_width;
  const Vec3 normal = normalized({0, side * (high.y - low.y), lean});
  return {normal, normal.y * side * profile.bottom_half_width + normal.z * low.y,
          profile.glass_sides};
}

struct Outline {
  Vec2 low, high;
};

Outline outline_of(const std::vector<Vec2>& corners) {
  Outline all = {corners.front(), corners.front()};
  for (const Vec2 c : corners) {
    all.low = {std::min(all.low.x, c.x), std::min(all.low.y, c.y)};
    all.high = {std::max(all.high.x, c.x), std::max(all.high.y, c.y)};
  }
  return all;
}

}  // namespace

void Parts::box(const Site& site, const Vec3& center, const Vec3& half, const Surface& surface) {
  shapes_.push_back({.kind = ShapeKind::box,
                     .surface = surface,
                     .center = site.point(center),
                     .yaw = site.yaw,
                     .half = half});
}

void Parts::ellipsoid(const Site& site, const Vec3& center, const Vec3& half,
                      const Surface& surface) {
  box(site, center, half, surface);
  shapes_.back().kind = ShapeKind::ellipsoid;
}

void Parts::cylinder(const Site& site, const Vec3& from, const Vec3& to, double radius,
                     const Surface& surface) {
  const double size = length(to - from);
  box(site, (from + to) * 0.5, {radius, radius, size / 2}, surface);
  shapes_.back().kind = ShapeKind::cylinder;
  shapes_.back().axis = (to - from) * (1 / size);
}

void Parts::hull(const Site& site, const Profile& profile, const Surface& surface) {
  const Outline all = outline_of(profile.corners);
  const Vec2 middle = (all.low + all.high) * 0.5;
  const double wide = std::max(profile.bottom_half_width, profile.top_half_width);
  box(site, {middle.x, 0, middle.y},
      {(all.high.x - all.low.x) / 2, wide, (all.high.y - all.low.y) / 2}, surface);
  Shape& shape = shapes_.back();
  shape.kind = ShapeKind::hull;
  shape.first_plane = static_cast<std::uint32_t>(planes_.size());
  const std::size_t n = profile.corners.size();
  for (std::size_t i = 0; i < n; ++i) {
    const bool glass = !profile.glass.empty() && profile.glass[i];
    planes_.push_back(
        edge_plane(profile.corners[i] - middle, profile.corners[(i + 1) % n] - middle, glass));
  }
  for (const double side : {1.0, -1.0}) {
    planes_.push_back(side_plane(profile, all.low - middle, all.high - middle, side));
  }
  shape.planes = static_cast<std::uint32_t>(planes_.size()) - shape.first_plane;
}

}  // namespace voxloom::street
