// How bright a room is where, and in which tint: lamps and windows that fall off with the square of the distance, and
// what walls and ceiling throw back. Nothing casts a shadow.
#pragma once

#include "sim/rooms/interior.h"

namespace voxloom::rooms {

struct Light {
  Vec3 at, colour;  // what it gives at no distance
};

struct Lighting {
  std::vector<Light> lights;
  Vec3 ambient;
  double exposure = 1;     // of the camera
  std::uint64_t seed = 0;  // of the surfaces' textures

  [[nodiscard]] Vec3 at(const Vec3& point, const Vec3& normal) const;
  // Of a surface as a camera sees it, before noise; 0 to about 1.
  [[nodiscard]] Vec3 seen(const Surface& surface, const Vec3& point, const Vec3& normal) const;
};
[[nodiscard]] Lighting light_up(Interior& room);

}  // namespace voxloom::rooms
