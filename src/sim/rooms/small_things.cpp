// Lamps, and what lies about.
#include "sim/rooms/furniture.h"

namespace voxloom::rooms {
namespace {

using street::Pattern;

Surface shade_of(const Making& make) {
  const Vec3 colour = make.draw.chance(0.7) ? Vec3{0.92, 0.88, 0.78} : any_colour(make.draw);
  return surface(RoomClass::lamp, near(colour, 0.06, make.draw));
}

// Glowing surfaces are as bright as a camera tells.
Surface glowing() { return surface(RoomClass::lamp, {0.98, 0.97, 0.93}, Texture::plain, 0); }

Surface thing(const Making& make) { return surface(RoomClass::clutter, any_colour(make.draw)); }

void add_thing(const Making& make, const Site& site, const Vec3& at) {
  const double size = make.draw.in(0.03, 0.12);
  const Surface one = thing(make);
  switch (make.draw.whole(0, 3)) {
    case 0:  // a cup, a vase
      return make.parts.cylinder(site, at, at + Vec3{0, 0, size * 1.6}, size * 0.5, one);
    case 1:  // a book, papers
      return make.parts.box(site, at + Vec3{0, 0, size * 0.2}, {0.09, 0.12, size * 0.2}, one);
    case 2: return make.parts.box(site, at + Vec3{0, 0, size}, {size * 0.8, size * 1.3, size}, one);
    default: make.parts.ellipsoid(site, at + Vec3{0, 0, size * 0.7}, {size, size, size * 0.7}, one);
  }
}

}  // namespace

void add_floor_lamp(const Making& make, const Site& site) {
  const double height = make.draw.in(1.35, 1.85), radius = make.draw.in(0.12, 0.22);
  const Surface metal = metallic(RoomClass::lamp, make.palette, make.draw);
  make.parts.cylinder(site, {0, 0, 0}, {0, 0, 0.03}, 0.15, metal);
  make.parts.cylinder(site, {0, 0, 0}, {0, 0, height - 0.2}, 0.016, metal);
  make.parts.cylinder(site, {0, 0, height - 0.27}, {0, 0, height}, radius, shade_of(make));
}

void add_table_lamp(const Making& make, const Site& site) {
  const double height = make.draw.in(0.32, 0.55), radius = make.draw.in(0.09, 0.15);
  const Surface metal = metallic(RoomClass::lamp, make.palette, make.draw);
  make.parts.cylinder(site, {0, 0, 0}, {0, 0, height - 0.1}, make.draw.in(0.02, 0.05), metal);
  make.parts.cylinder(site, {0, 0, height * 0.55}, {0, 0, height}, radius, shade_of(make));
}

void add_pendant(const Making& make, const Vec3& at, double ceiling) {
  const Site site = {at, {}};
  const double radius = make.draw.in(0.14, 0.3), up = ceiling - at.z;
  const Surface shade = shade_of(make);
  make.parts.cylinder(site, {0, 0, 0}, {0, 0, up}, 0.012,
                      metallic(RoomClass::lamp, make.palette, make.draw));
  if (make.draw.chance(0.5))
    return make.parts.ellipsoid(site, {0, 0, 0}, {radius, radius, radius * 0.8}, shade);
  make.parts.cylinder(site, {0, 0, -0.1}, {0, 0, 0.12}, radius, shade);
}

void add_panel_light(const Making& make, const Site& site, double ceiling) {
  const double wide = make.draw.in(0.28, 0.32), deep = make.draw.chance(0.5) ? wide : 0.6;
  make.parts.box(site, {0, 0, ceiling - 0.035}, {deep, wide, 0.035}, glowing());
}

void add_monitor(const Making& make, const Site& site) {
  const double half = make.draw.in(0.2, 0.34), low = make.draw.in(0.1, 0.18);
  const Surface black = surface(RoomClass::clutter, near({0.1, 0.1, 0.11}, 0.1, make.draw));
  make.parts.box(site, {0, 0, low + half * 0.6}, {0.02, half, half * 0.6}, black);
  make.parts.cylinder(site, {-0.03, 0, 0}, {-0.03, 0, low + 0.1}, 0.02, black);
  make.parts.box(site, {-0.02, 0, 0.008}, {0.09, 0.12, 0.008}, black);
  make.parts.box(site, {0.24, 0, 0.012}, {0.07, 0.2, 0.012}, thing(make));  // the keyboard
}

void add_small_things(const Making& make, const Site& site, const Extent& room, int count) {
  for (int i = 0; i < count; ++i) {
    const Vec3 at = {make.draw.in(-0.5, 0.5) * room.depth, make.draw.in(-0.5, 0.5) * room.width,
                     room.height};
    add_thing(make, {site.point(at), site.yaw.then(Yaw::of(make.draw.in(-0.6, 0.6)))}, {});
  }
}

void add_plant(const Making& make, const Site& site) {
  const double pot = make.draw.in(0.2, 0.4), radius = make.draw.in(0.13, 0.2),
               height = make.draw.in(0.3, 0.7);
  make.parts.cylinder(site, {0, 0, 0}, {0, 0, pot}, radius, thing(make));
  Surface leaves = surface(RoomClass::clutter, near({0.2, 0.42, 0.16}, 0.25, make.draw));
  leaves.pattern = Pattern::foliage;
  leaves.grain = make.draw.in(3, 7);
  for (int i = 0; i < 4; ++i) {
    const Vec3 at = {make.draw.in(-0.15, 0.15), make.draw.in(-0.15, 0.15),
                     make.draw.in(0.3, 0.9) * height};
    make.parts.ellipsoid(site, at + Vec3{0, 0, pot}, {0.22, 0.22, height * 0.35}, leaves);
  }
}

void add_bin(const Making& make, const Site& site) {
  const double height = make.draw.in(0.25, 0.45), radius = make.draw.in(0.11, 0.16);
  make.parts.cylinder(site, {0, 0, 0}, {0, 0, height}, radius, thing(make));
}

void add_box(const Making& make, const Site& site) {
  const Vec3 half = {make.draw.in(0.12, 0.25), make.draw.in(0.12, 0.28), make.draw.in(0.08, 0.25)};
  const Vec3 colour = make.draw.chance(0.5) ? Vec3{0.62, 0.48, 0.32} : any_colour(make.draw);
  make.parts.box(site, {0, 0, half.z}, half,
                 surface(RoomClass::clutter, near(colour, 0.1, make.draw)));
}

}  // namespace voxloom::rooms
