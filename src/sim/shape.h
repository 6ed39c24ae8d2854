// What a made-up world is built of, besides a street's ground: solid shapes with a surface.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "data/vec.h"
#include "voxloom/dataset.h"

namespace voxloom::street {

// What a ray meets on and in a shape.
enum class Pattern : std::uint8_t {
  solid,
  foliage,  // returns from inside: leaves with gaps between them
  facade,   // a wall with windows that swallow, mirror or let in
  glazed,   // a hull whose marked planes are panes
  bars,     // upright bars with gaps between them
  mesh,     // thin wire: now and then a return
};

// How a colour varies over a surface, where a world has colours.
enum class Texture : std::uint8_t { plain, grain, tiles, speckle };

// A class by its number in the world that the shape stands in.
struct ClassNumber {
  std::int32_t number = 0;
  template <typename Class>
  requires std::is_enum_v<Class>
  constexpr ClassNumber(Class one) : number(static_cast<std::int32_t>(one)) {}
  friend bool operator==(const ClassNumber&, const ClassNumber&) = default;
};

struct Surface {
  ClassNumber label = StreetClass::building;
  double reflectance = 0.3;
  double gloss = 0;  // 0: dull; towards 1 less comes back from a slanted surface
  double retro = 0;  // share of light sent straight back (signs, licence plates)
  Pattern pattern = Pattern::solid;
  // foliage: returns per metre; facade: window width; bars: their spacing; mesh: share of returns
  double grain = 0;
  Vec3 colour = {0.5, 0.5, 0.5};  // red, green, blue, 0 to 1: what comes back of white light
  Texture texture = Texture::plain;
};

enum class ShapeKind : std::uint8_t { box, ellipsoid, cylinder, hull };

struct Plane {
  Vec3 normal;        // outwards, of length 1, in the shape's own frame
  double offset = 0;  // inside: dot(normal, p) <= offset
  bool glass = false;
};

// A shape's own frame is turned by `yaw` and moved to `center`.
struct Shape {
  ShapeKind kind = ShapeKind::box;
  Surface surface;
  Vec3 center;
  Yaw yaw;
  // box, ellipsoid: half extents; hull: those of the box around it; cylinder: radius, radius, half
  // length
  Vec3 half;
  Vec3 axis = {0, 0, 1};                      // cylinder
  std::uint32_t first_plane = 0, planes = 0;  // hull
};

struct Bounds {
  Vec3 low, high;
};

struct Ray {
  Vec3 origin, direction;  // of length 1
  std::uint64_t key = 0;   // of its random numbers
};

struct Hit {
  double t = 0;
  Vec3 normal;
  Surface surface;
  bool lost = false;  // the pulse went where nothing comes back from
};

// Nearest hit in (0, limit), seen by this ray alone: what is random in it depends on the ray's key
// and the shape's index, not on the order in which shapes are tried.
[[nodiscard]] std::optional<Hit> hit_shape(const Shape& shape, std::uint32_t index,
                                           const std::vector<Plane>& planes, const Ray& ray,
                                           double limit);

[[nodiscard]] Bounds bounds_of(const Shape& shape);

}  // namespace voxloom::street
