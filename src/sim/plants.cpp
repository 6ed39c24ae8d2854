// Trees and bushes: clouds of leaves on wood.
#include <algorithm>

#include "sim/parts.h"

namespace voxloom::street {
namespace {

Surface leaves(double density, Draw& draw) {
  return {.label = StreetClass::vegetation,
          .reflectance = draw.in(0.2, 0.55),
          .pattern = Pattern::foliage,
          .grain = density};
}

Surface bark(Draw& draw) {
  return {.label = StreetClass::vegetation, .reflectance = draw.in(0.15, 0.4)};
}

// A point in the unit ball, from the cube around it.
Vec3 in_ball(Draw& draw) {
  for (int i = 0; i < 16; ++i) {
    const Vec3 p = {draw.in(-1, 1), draw.in(-1, 1), draw.in(-1, 1)};
    if (dot(p, p) <= 1) return p;
  }
  return {};
}

void add_conifer(Parts& parts, const Site& site, double height, Draw& draw) {
  const double wide = height * draw.in(0.16, 0.28), foot = height * draw.in(0.05, 0.15);
  const Surface needles = leaves(draw.in(1, 2.5), draw);
  const int layers = 5 + static_cast<int>(height);
  for (int i = 0; i < layers; ++i) {
    const double up = static_cast<double>(i) / layers;
    const double r = wide * (1.05 - up) * draw.in(0.8, 1.15);
    parts.ellipsoid(site,
                    {draw.in(-0.1, 0.1), draw.in(-0.1, 0.1), foot + (height - foot) * up + 0.4},
                    {r, r, height / layers * 0.8}, needles);
  }
}

void add_crown(Parts& parts, const Site& site, const Vec3& center, const Vec3& half, Draw& draw) {
  const Surface leaf = leaves(draw.in(0.5, 1.6), draw);
  const int blobs = 8 + static_cast<int>(6 * half.x);
  for (int i = 0; i < blobs; ++i) {
    const Vec3 p = in_ball(draw);
    const double r = draw.in(0.28, 0.5);
    parts.ellipsoid(site,
                    center + Vec3{p.x * half.x * 0.75, p.y * half.y * 0.75, p.z * half.z * 0.75},
                    {half.x * r, half.y * r * draw.in(0.8, 1.2), half.z * r}, leaf);
  }
}

void add_branches(Parts& parts, const Site& site, const Vec3& fork, const Vec3& half,
                  const Surface& wood, Draw& draw) {
  const int branches = draw.whole(2, 5);
  for (int i = 0; i < branches; ++i) {
    const Vec3 tip = fork + Vec3{draw.in(-0.7, 0.7) * half.x, draw.in(-0.7, 0.7) * half.y,
                                 draw.in(0.5, 1.3) * half.z};
    parts.cylinder(site, fork, tip, draw.in(0.03, 0.08), wood);
  }
}

}  // namespace

void add_tree(Parts& parts, const Site& site, double size, Draw& draw) {
  const double height = 3 + 9 * size + draw.in(-0.6, 1.5);
  const double trunk = 0.05 + 0.22 * size * draw.in(0.7, 1.4);
  const Surface wood = bark(draw);
  if (draw.chance(0.15)) {
    parts.cylinder(site, {0, 0, -0.3}, {0, 0, height * 0.8}, trunk, wood);
    return add_conifer(parts, site, height, draw);
  }
  const double clear = std::min(height * draw.in(0.25, 0.5), 4.0);
  const Vec3 lean = {draw.in(-0.3, 0.3), draw.in(-0.3, 0.3), 0};
  const Vec3 half = {height * draw.in(0.18, 0.32), height * draw.in(0.18, 0.32),
                     (height - clear) * 0.55};
  const Vec3 fork = Vec3{0, 0, clear} + lean;
  parts.cylinder(site, {0, 0, -0.3}, fork, trunk, wood);
  parts.cylinder(site, fork, fork + Vec3{lean.x, lean.y, half.z}, trunk * 0.7, wood);
  add_branches(parts, site, fork, half, wood, draw);
  add_crown(parts, site, fork + Vec3{0, 0, half.z * 0.85}, half, draw);
}

void add_bush(Parts& parts, const Site& site, double size, Draw& draw) {
  const Surface leaf = leaves(draw.in(2, 6), draw);
  const double wide = 0.35 + size * draw.in(0.4, 1.2), high = 0.3 + size * draw.in(0.4, 1.6);
  const int blobs = draw.whole(3, 8);
  for (int i = 0; i < blobs; ++i) {
    const Vec3 p = in_ball(draw);
    const double r = draw.in(0.4, 0.7);
    parts.ellipsoid(site, {p.x * wide * 0.6, p.y * wide * 0.6, high * (0.45 + 0.25 * p.z)},
                    {wide * r, wide * r * draw.in(0.8, 1.2), high * r}, leaf);
  }
}

}  // namespace voxloom::street
