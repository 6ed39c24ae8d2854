// Pedestrians and cyclists, of limbs.
#include "sim/parts.h"

namespace voxloom::street {
namespace {

Surface cloth(StreetClass label, Draw& draw) {
  return {.label = label, .reflectance = draw.in(0.06, 0.65)};
}

Surface skin(StreetClass label) { return {.label = label, .reflectance = 0.4}; }

void add_luggage(Parts& parts, const Site& site, double height, const Surface& surface,
                 Draw& draw) {
  const double kind = draw.unit();
  if (kind < 0.2) {  // a rucksack
    parts.box(site, {-0.2, 0, 0.68 * height}, {0.1, 0.14, 0.13 * height}, surface);
  } else if (kind < 0.35) {  // a bag
    parts.box(site, {0, draw.sign() * 0.32, 0.33 * height}, {0.16, 0.06, 0.14}, surface);
  } else if (kind < 0.4) {  // a pushchair
    parts.box(site, {0.75, 0, 0.55}, {0.3, 0.22, 0.2}, surface);
    parts.box(site, {0.7, 0, 0.2}, {0.32, 0.24, 0.04}, surface);
  }
}

void add_bicycle(Parts& parts, const Site& site, Draw& draw) {
  const Surface tube = {.label = StreetClass::cyclist, .reflectance = draw.in(0.1, 0.5)};
  const Surface wheel = {
      .label = StreetClass::cyclist, .reflectance = 0.15, .pattern = Pattern::mesh, .grain = 0.4};
  for (const double x : {0.52, -0.52}) {
    parts.cylinder(site, {x, -0.025, 0.34}, {x, 0.025, 0.34}, 0.34, wheel);
  }
  const auto bar = [&](const Vec3& from, const Vec3& to) {
    parts.cylinder(site, from, to, 0.025, tube);
  };
  bar({-0.52, 0, 0.34}, {-0.15, 0, 0.85});
  bar({-0.15, 0, 0.85}, {0.42, 0, 0.88});
  bar({0.52, 0, 0.34}, {0.4, 0, 1.0});
  bar({-0.15, 0, 0.85}, {0, 0, 0.3});
  bar({0, 0, 0.3}, {0.42, 0, 0.8});
  bar({0.4, -0.28, 1.02}, {0.4, 0.28, 1.02});
}

void add_scooter(Parts& parts, const Site& site, Draw& draw) {
  const Surface body = {
      .label = StreetClass::cyclist, .reflectance = draw.in(0.05, 0.6), .gloss = 0.5};
  for (const double x : {0.62, -0.62}) {
    parts.cylinder(site, {x, -0.06, 0.28}, {x, 0.06, 0.28}, 0.28, body);
  }
  parts.box(site, {-0.35, 0, 0.6}, {0.42, 0.17, 0.2}, body);
  parts.cylinder(site, {0.62, 0, 0.3}, {0.42, 0, 1.02}, 0.07, body);
  parts.cylinder(site, {0.42, -0.33, 1.02}, {0.42, 0.33, 1.02}, 0.03, body);
  parts.box(site, {0.1, 0, 0.32}, {0.3, 0.16, 0.06}, body);
}

}  // namespace

void add_pedestrian(Parts& parts, const Site& site, Draw& draw) {
  constexpr StreetClass kLabel = StreetClass::pedestrian;
  const double h = draw.chance(0.12) ? draw.in(1.05, 1.45) : draw.in(1.55, 1.93);
  const double wide = draw.in(0.85, 1.2);
  const double stride = draw.chance(0.3) ? 0.03 : draw.in(0.1, 0.32);
  const Surface trousers = cloth(kLabel, draw), coat = cloth(kLabel, draw);
  for (const double side : {1.0, -1.0}) {
    const double y = 0.09 * wide * side;
    parts.cylinder(site, {0, y, 0.5 * h}, {side * stride, y, 0.03}, 0.075 * wide, trousers);
    parts.cylinder(site, {0, side * 0.2 * wide, 0.8 * h},
                   {-side * stride * 0.8, side * 0.25 * wide, 0.47 * h}, 0.045 * wide, coat);
  }
  parts.ellipsoid(site, {0, 0, 0.66 * h}, {0.13 * wide, 0.19 * wide, 0.2 * h}, coat);
  if (draw.chance(0.3)) {
    parts.cylinder(site, {0, 0, 0.3 * h}, {0, 0, 0.62 * h}, 0.18 * wide, coat);
  }
  parts.ellipsoid(site, {0.01, 0, 0.93 * h}, {0.1, 0.085, 0.075 * h}, skin(kLabel));
  add_luggage(parts, site, h, cloth(kLabel, draw), draw);
}

void add_cyclist(Parts& parts, const Site& site, Draw& draw) {
  constexpr StreetClass kLabel = StreetClass::cyclist;
  draw.chance(0.8) ? add_bicycle(parts, site, draw) : add_scooter(parts, site, draw);
  const Surface trousers = cloth(kLabel, draw), coat = cloth(kLabel, draw);
  const double lean = draw.in(0.05, 0.35), up = draw.in(0.92, 1.08);
  const Vec3 hip = {-0.18, 0, 0.93 * up}, shoulder = {-0.18 + lean, 0, 1.42 * up};
  parts.cylinder(site, hip, shoulder, 0.16, coat);
  for (const double side : {1.0, -1.0}) {
    const Vec3 knee = {0.2, side * 0.11, 0.68 + side * 0.12};
    parts.cylinder(site, hip + Vec3{0, side * 0.09, 0}, knee, 0.075, trousers);
    parts.cylinder(site, knee, {0.02 + side * 0.1, side * 0.11, 0.3 + side * 0.12}, 0.055,
                   trousers);
    parts.cylinder(site, shoulder + Vec3{0, side * 0.19, -0.04}, {0.38, side * 0.24, 1.03}, 0.045,
                   coat);
  }
  parts.ellipsoid(site, shoulder + Vec3{0.07, 0, 0.24}, {0.11, 0.09, 0.13}, skin(kLabel));
}

}  // namespace voxloom::street
