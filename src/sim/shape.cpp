#include "sim/shape.h"

#include <algorithm>
#include <limits>

#include "data/draw.h"

namespace voxloom::street {
namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();

// Where a ray is inside of a convex shape, and what it enters and leaves by. In the shape's frame.
struct Span {
  double in = -kFar, out = kFar;
  Vec3 normal;  // where it enters
  bool in_glass = false, out_glass = false;
  [[nodiscard]] bool empty() const { return !(in < out); }
};

// The half space dot(normal, p) <= offset.
void clip(Span& span, const Vec3& origin, const Vec3& direction, const Plane& plane) {
  const double speed = dot(plane.normal, direction);
  const double gap = plane.offset - dot(plane.normal, origin);
  if (speed == 0) {
    if (gap < 0) span.out = -kFar;
    return;
  }
  const double t = gap / speed;
  if (speed < 0) {
    if (t > span.in) span = {t, span.out, plane.normal, plane.glass, span.out_glass};
  } else if (t < span.out) {
    span.out = t;
    span.out_glass = plane.glass;
  }
}

void clip_slab(Span& span, const Vec3& o, const Vec3& d, const Vec3& axis, double half) {
  clip(span, o, d, {axis, half});
  clip(span, o, d, {axis * -1.0, half});
}

Span through_box(const Shape& shape, const Vec3& o, const Vec3& d) {
  Span span;
  clip_slab(span, o, d, {1, 0, 0}, shape.half.x);
  clip_slab(span, o, d, {0, 1, 0}, shape.half.y);
  clip_slab(span, o, d, {0, 0, 1}, shape.half.z);
  return span;
}

Span through_quadric(double a, double b, double c) {
  const double root = b * b - a * c;
  Span span;
  if (root <= 0 || a <= 0) {
    // Missed, or a ray along a cylinder's axis: inside throughout, or nowhere.
    if (a > 0 || c > 0) span.out = -kFar;
    return span;
  }
  const double width = std::sqrt(root);
  span.in = (-b - width) / a;
  span.out = (-b + width) / a;
  return span;
}

Span through_ellipsoid(const Shape& shape, const Vec3& o, const Vec3& d) {
  const Vec3 scale = {1 / shape.half.x, 1 / shape.half.y, 1 / shape.half.z};
  const Vec3 p = {o.x * scale.x, o.y * scale.y, o.z * scale.z};
  const Vec3 v = {d.x * scale.x, d.y * scale.y, d.z * scale.z};
  Span span = through_quadric(dot(v, v), dot(p, v), dot(p, p) - 1);
  if (span.empty()) return span;
  const Vec3 at = p + v * span.in;
  span.normal = normalized({at.x * scale.x, at.y * scale.y, at.z * scale.z});
  return span;
}

Span through_cylinder(const Shape& shape, const Vec3& o, const Vec3& d) {
  const Vec3 p = o - shape.axis * dot(o, shape.axis);
  const Vec3 v = d - shape.axis * dot(d, shape.axis);
  const double radius = shape.half.x;
  Span span = through_quadric(dot(v, v), dot(p, v), dot(p, p) - radius * radius);
  if (span.empty()) return span;
  if (span.in > -kFar) span.normal = (p + v * span.in) * (1 / radius);
  clip_slab(span, o, d, shape.axis, shape.half.z);
  return span;
}

Span through_hull(const Shape& shape, const std::vector<Plane>& planes, const Vec3& o,
                  const Vec3& d) {
  Span span;
  for (std::uint32_t i = 0; i < shape.planes && !span.empty(); ++i) {
    clip(span, o, d, planes[shape.first_plane + i]);
  }
  return span;
}

// The random numbers of one ray in one shape.
Draw draw_for(const Ray& ray, std::uint32_t index) { return Draw(mix(ray.key, index)); }

struct Met {
  double t;
  bool inside = false;  // behind the surface: seen dimmer, from anywhere
  bool lost = false;
};

std::optional<Met> meet_foliage(const Shape& shape, const Span& span, Draw draw) {
  const double begin = std::max(span.in, 0.0);
  const double depth = shape.surface.grain * (span.out - begin);
  if (draw.unit() > depth / (1 + depth)) return std::nullopt;
  // Denser where the ray enters.
  const double u = draw.unit();
  return Met{begin + u * (0.4 + 0.6 * u) * (span.out - begin), true};
}

// How deep a facade's box reaches into the ground.
constexpr double kSunk = 1.2;

// Windows repeat along a wall and from floor to floor; how wide they are is in the surface.
bool on_window(const Shape& shape, const Vec3& at, const Vec3& normal) {
  if (std::abs(normal.z) > 0.5) return false;
  const bool side = std::abs(normal.x) > std::abs(normal.y);
  const double along = side ? at.y + shape.half.y : at.x + shape.half.x;
  const double pitch = 1.2 + 1.1 * shape.surface.grain;
  const double floor = 2.6 + 0.3 * shape.surface.grain;
  const double u = along / pitch - std::floor(along / pitch);
  const double up = at.z + shape.half.z - kSunk;
  const double v = up - floor * std::floor(up / floor);
  return u * pitch > 0.5 && u * pitch < 0.5 + shape.surface.grain && v > 0.9 && v < 2.2;
}

std::optional<Met> meet_facade(const Shape& shape, const Span& span, const Vec3& at, Draw draw) {
  if (!on_window(shape, at, span.normal)) return Met{span.in};
  const double outcome = draw.unit();
  if (outcome < 0.45) return Met{span.in, false, true};
  if (outcome < 0.75) return Met{span.in + draw.in(0.08, 0.2), true};  // frame, blind
  const double deep = span.in + draw.in(0.3, 4.0);
  return Met{deep, true, deep > span.out};
}

std::optional<Met> meet_glazed(const Span& span, Draw draw) {
  if (span.in_glass) {
    const double outcome = draw.unit();
    if (outcome < 0.06) return Met{span.in};
    if (outcome < 0.5) return Met{span.in, false, true};
    if (!span.out_glass) return Met{span.out - 0.02, true};
    return std::nullopt;
  }
  return Met{span.in};
}

std::optional<Met> meet_bars(const Shape& shape, const Span& span, const Vec3& at) {
  const double place = at.x / shape.surface.grain;
  if (place - std::floor(place) < 0.55 || std::abs(at.z) > shape.half.z - 0.06) return Met{span.in};
  return std::nullopt;
}

std::optional<Met> meet(const Shape& shape, const Span& span, const Vec3& at, Draw draw) {
  switch (shape.surface.pattern) {
    case Pattern::foliage: return meet_foliage(shape, span, draw);
    case Pattern::facade: return meet_facade(shape, span, at, draw);
    case Pattern::glazed: return meet_glazed(span, draw);
    case Pattern::bars: return meet_bars(shape, span, at);
    case Pattern::mesh:
      if (!draw.chance(shape.surface.grain)) return std::nullopt;
      break;
    case Pattern::solid: break;
  }
  return Met{span.in};
}

Span span_of(const Shape& shape, const std::vector<Plane>& planes, const Vec3& o, const Vec3& d) {
  switch (shape.kind) {
    case ShapeKind::box: return through_box(shape, o, d);
    case ShapeKind::ellipsoid: return through_ellipsoid(shape, o, d);
    case ShapeKind::cylinder: return through_cylinder(shape, o, d);
    case ShapeKind::hull: break;
  }
  return through_hull(shape, planes, o, d);
}

}  // namespace

std::optional<Hit> hit_shape(const Shape& shape, std::uint32_t index,
                             const std::vector<Plane>& planes, const Ray& ray, double limit) {
  const Vec3 o = shape.yaw.unturn(ray.origin - shape.center);
  const Vec3 d = shape.yaw.unturn(ray.direction);
  const Span span = span_of(shape, planes, o, d);
  if (span.empty() || span.out <= 0 || span.in >= limit) return std::nullopt;
  const bool porous = shape.surface.pattern == Pattern::foliage;
  if (span.in <= 0 && !porous) return std::nullopt;  // the sensor stands in it
  const auto met = meet(shape, span, o + d * span.in, draw_for(ray, index));
  if (!met || met->t >= limit) return std::nullopt;
  Hit hit{.t = met->t, .normal = {}, .surface = shape.surface, .lost = met->lost};
  // Leaves and rooms turn every way: as if seen head on, but darker.
  hit.normal = met->inside ? ray.direction * -1.0 : shape.yaw.turn(span.normal);
  if (met->inside && !porous) hit.surface.reflectance *= 0.4;
  return hit;
}

namespace {

// Half extents along the world's axes of a box that is turned about z.
Vec3 turned_extents(const Yaw& yaw, const Vec3& half) {
  return {std::abs(yaw.c) * half.x + std::abs(yaw.s) * half.y,
          std::abs(yaw.s) * half.x + std::abs(yaw.c) * half.y, half.z};
}

Vec3 cylinder_extents(const Shape& shape) {
  const auto along = [&](double a) {
    const double rest = std::max(0.0, 1 - a * a);
    return std::abs(a) * shape.half.z + shape.half.x * std::sqrt(rest);
  };
  const Vec3 axis = shape.yaw.turn(shape.axis);
  return {along(axis.x), along(axis.y), along(axis.z)};
}

}  // namespace

Bounds bounds_of(const Shape& shape) {
  // A hull has the box around it in `half`.
  Vec3 extents = shape.kind == ShapeKind::cylinder ? cylinder_extents(shape)
                                                   : turned_extents(shape.yaw, shape.half);
  extents = extents + Vec3{1e-3, 1e-3, 1e-3};
  return {shape.center - extents, shape.center + extents};
}

}  // namespace voxloom::street
