#include "sim/rooms/furniture.h"

namespace voxloom::rooms {
namespace {

constexpr double kTop = 0.03;  // thickness of a table's top

void add_legs(const Making& make, const Site& site, const Extent& size, const Surface& leg) {
  const bool round = make.draw.chance(0.4);
  const double thick = make.draw.in(0.02, 0.035), inset = make.draw.in(0.03, 0.12);
  for (const double x : {1.0, -1.0}) {
    for (const double y : {1.0, -1.0}) {
      const Vec3 foot = {x * (size.depth / 2 - inset), y * (size.width / 2 - inset), 0};
      if (round) {
        make.parts.cylinder(site, foot, foot + Vec3{0, 0, size.height}, thick, leg);
      } else {
        make.parts.box(site, foot + Vec3{0, 0, size.height / 2}, {thick, thick, size.height / 2},
                       leg);
      }
    }
  }
}

void add_star_base(const Making& make, const Site& site, double radius, double height,
                   const Surface& metal) {
  for (int i = 0; i < 5; ++i) {
    const Yaw turn = Yaw::of(i * 2 * street::kPi / 5);
    make.parts.cylinder(site, {0, 0, 0.09}, turn.turn(Vec3{radius, 0, 0.05}), 0.025, metal);
  }
  make.parts.cylinder(site, {0, 0, 0.05}, {0, 0, height}, 0.03, metal);
}

void add_arms(const Making& make, const Site& site, double seat, double half, const Surface& arm) {
  for (const double side : {1.0, -1.0}) {
    make.parts.box(site, {0, side * half, seat + 0.22}, {0.14, 0.03, 0.015}, arm);
    make.parts.box(site, {-0.05, side * half, seat + 0.1}, {0.02, 0.02, 0.12}, arm);
  }
}

void add_stool(const Making& make, const Site& site) {
  const double seat = make.draw.in(0.42, 0.7), radius = make.draw.in(0.16, 0.21);
  const Surface top = wooden(RoomClass::chair, make.palette, make.draw);
  make.parts.cylinder(site, {0, 0, seat - 0.05}, {0, 0, seat}, radius, top);
  add_legs(make, site, {2 * radius, 2 * radius, seat - 0.05},
           metallic(RoomClass::chair, make.palette, make.draw));
}

void add_office_chair(const Making& make, const Site& site) {
  const Surface cloth = padded(RoomClass::chair, make.palette, make.draw);
  const Surface metal = metallic(RoomClass::chair, make.palette, make.draw);
  const double seat = make.draw.in(0.42, 0.52), half = make.draw.in(0.22, 0.26),
               back = make.draw.in(0.2, 0.36);
  add_star_base(make, site, 0.32, seat - 0.04, metal);
  make.parts.box(site, {0, 0, seat}, {half, half, 0.04}, cloth);
  make.parts.box(site, {-half - 0.02, 0, seat + 0.2 + back}, {0.035, half * 0.95, back}, cloth);
  make.parts.cylinder(site, {-half + 0.05, 0, seat}, {-half - 0.03, 0, seat + 0.3}, 0.02, metal);
  if (make.draw.chance(0.65)) add_arms(make, site, seat, half + 0.04, metal);
}

}  // namespace

void add_table(const Making& make, const Site& site, const Extent& size) {
  const Surface top = wooden(RoomClass::table, make.palette, make.draw);
  make.parts.box(site, {0, 0, size.height - kTop / 2}, {size.depth / 2, size.width / 2, kTop / 2},
                 top);
  const Surface leg =
      make.draw.chance(0.5) ? metallic(RoomClass::table, make.palette, make.draw) : top;
  add_legs(make, site, {size.depth, size.width, size.height - kTop}, leg);
  if (size.height < 0.55 && make.draw.chance(0.4)) {  // a low one has a shelf below
    make.parts.box(site, {0, 0, 0.15}, {size.depth / 2 - 0.04, size.width / 2 - 0.04, 0.01}, top);
  }
}

void add_round_table(const Making& make, const Site& site, double radius, double height) {
  const Surface top = wooden(RoomClass::table, make.palette, make.draw);
  const Surface foot =
      make.draw.chance(0.5) ? metallic(RoomClass::table, make.palette, make.draw) : top;
  make.parts.cylinder(site, {0, 0, height - kTop}, {0, 0, height}, radius, top);
  make.parts.cylinder(site, {0, 0, 0}, {0, 0, height - kTop}, 0.05, foot);
  make.parts.cylinder(site, {0, 0, 0}, {0, 0, 0.03}, radius * 0.55, foot);
}

void add_desk(const Making& make, const Site& site, const Extent& size) {
  const Site middle = {site.point({size.depth / 2, 0, 0}), site.yaw};
  add_table(make, middle, size);
  if (make.draw.chance(0.55)) {  // drawers below it
    const Surface drawers = wooden(RoomClass::table, make.palette, make.draw);
    const double side = make.draw.sign() * (size.width / 2 - 0.26);
    make.parts.box(middle, {0, side, 0.31}, {size.depth / 2 - 0.06, 0.21, 0.29}, drawers);
  }
}

void add_chair(const Making& make, const Site& site, ChairKind kind) {
  if (kind == ChairKind::stool) return add_stool(make, site);
  if (kind == ChairKind::office) return add_office_chair(make, site);
  const bool soft = kind == ChairKind::padded;
  const Surface frame = wooden(RoomClass::chair, make.palette, make.draw);
  const Surface cover = soft ? padded(RoomClass::chair, make.palette, make.draw) : frame;
  const double seat = make.draw.in(0.43, 0.48), half = make.draw.in(0.19, 0.24),
               back = make.draw.in(0.17, 0.27), thick = soft ? 0.045 : 0.02;
  make.parts.box(site, {0, 0, seat - thick}, {half, half, thick}, cover);
  add_legs(make, site, {2 * half + 0.06, 2 * half + 0.06, seat - 2 * thick}, frame);
  make.parts.box(site, {-half, 0, seat + 0.12 + back}, {0.02, half * 0.95, back}, cover);
  for (const double side : {1.0, -1.0}) {
    make.parts.box(site, {-half, side * half * 0.85, seat + 0.08}, {0.018, 0.018, 0.1}, frame);
  }
  if (soft && make.draw.chance(0.35)) add_arms(make, site, seat, half + 0.02, frame);
}

}  // namespace voxloom::rooms
