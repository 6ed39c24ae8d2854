#include "sim/rooms/light.h"

#include <algorithm>

namespace voxloom::rooms {
namespace {

constexpr double kReach = 2.2;    // metres at which a light is half as bright
constexpr double kGrazing = 0.3;  // share of light that comes from around a lamp

Vec3 times(const Vec3& a, const Vec3& b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }

double mean_of(const Vec3& v) { return (v.x + v.y + v.z) / 3; }

}  // namespace

Vec3 Lighting::at(const Vec3& point, const Vec3& normal) const {
  Vec3 sum = ambient;
  for (const Light& light : lights) {
    const Vec3 to = light.at - point;
    const double square = dot(to, to) + 1e-3;
    const double facing = std::max(0.0, dot(to, normal)) / std::sqrt(square);
    const double share = (kGrazing + (1 - kGrazing) * facing) / (1 + square / (kReach * kReach));
    sum = sum + light.colour * share;
  }
  return sum;
}

Vec3 Lighting::seen(const Surface& surface, const Vec3& point, const Vec3& normal) const {
  Vec3 light = at(point, normal) * exposure;
  // A lamp gives light itself.
  if (surface.label == RoomClass::lamp)
    light = {std::max(light.x, 0.95), std::max(light.y, 0.95), std::max(light.z, 0.9)};
  return times(colour_at(surface, point, normal, seed), light);
}

Lighting light_up(Interior& room) {
  const RoomDesign& design = room.design;
  Lighting lighting;
  const double warm = design.tint;
  const Vec3 lamp = {1 + warm, 1, 1 - 1.6 * warm};
  const double power =
      room.draw.in(0.5, 1.1) / static_cast<double>(std::max<std::size_t>(1, room.lamps.size()));
  for (const Vec3& at : room.lamps) lighting.lights.push_back({at, lamp * (1.6 * power)});
  const Vec3 sky = {0.93, 1, 1.09};
  for (const Vec3& at : room.windows) lighting.lights.push_back({at, sky * design.daylight});
  const double grey = room.draw.in(0.25, 0.5);
  lighting.ambient = (lamp * 0.5 + sky * 0.5) * grey;
  const Vec3 middle = {design.length / 2, design.width / 2, 0.8};
  const double taken = room.draw.in(0.9, 1.3);
  lighting.exposure = taken / mean_of(lighting.at(middle, {0, 0, 1}));
  lighting.seed = room.draw.seed();
  return lighting;
}

}  // namespace voxloom::rooms
