#include "sim/rooms/furniture.h"

namespace voxloom::rooms {
namespace {

void add_cushion(const Making& make, const Site& site, const Vec3& at, RoomClass label) {
  const Vec3 half = {make.draw.in(0.06, 0.09), make.draw.in(0.17, 0.25), make.draw.in(0.15, 0.22)};
  const Vec3 colour = make.draw.chance(0.5) ? any_colour(make.draw) : make.palette.other_fabric;
  make.parts.ellipsoid(site, at + Vec3{0, 0, half.z}, half,
                       surface(label, near(colour, 0.1, make.draw), Texture::speckle, 0));
}

void add_pillows(const Making& make, const Site& site, double width, double top) {
  const Surface linen =
      surface(RoomClass::bed, near({0.85, 0.84, 0.82}, 0.08, make.draw), Texture::speckle, 0);
  const int pillows = width > 1.3 ? 2 : 1;
  for (int i = 0; i < pillows; ++i) {
    const double y = pillows == 1 ? 0 : (i - 0.5) * width * 0.48;
    make.parts.ellipsoid(site, {0.3, y, top + 0.06}, {0.2, width * 0.22, 0.08}, linen);
  }
}

}  // namespace

void add_sofa(const Making& make, const Site& site, const Extent& size) {
  const Surface cover = padded(RoomClass::sofa, make.palette, make.draw);
  const double seat = make.draw.in(0.38, 0.46), arm = make.draw.in(0.07, 0.13),
               back = make.draw.in(0.1, 0.14), inner = size.width / 2 - 2 * arm;
  make.parts.box(site, {size.depth / 2, 0, seat / 2 + 0.03},
                 {size.depth / 2, size.width / 2, seat / 2 - 0.06}, cover);
  make.parts.box(site, {back, 0, size.height / 2 + 0.05},
                 {back, size.width / 2, size.height / 2 - 0.05}, cover);
  for (const double side : {1.0, -1.0}) {
    make.parts.box(site, {size.depth / 2, side * (size.width / 2 - arm), seat / 2 + 0.14},
                   {size.depth / 2, arm, seat / 2 + 0.08}, cover);
  }
  const int seats = size.width < 1.2 ? 1 : (size.width < 1.8 ? 2 : 3);
  for (int i = 0; i < seats; ++i) {
    const double y = inner * (2.0 * i + 1 - seats) / seats;
    make.parts.box(site, {back + size.depth / 2, y, seat + 0.05},
                   {size.depth / 2 - back, inner / seats - 0.012, 0.06}, cover);
    if (make.draw.chance(0.4))
      add_cushion(make, site, {2 * back + 0.08, y, seat + 0.1}, RoomClass::sofa);
  }
}

void add_bed(const Making& make, const Site& site, const Extent& size) {
  const Surface frame = make.draw.chance(0.7) ? wooden(RoomClass::bed, make.palette, make.draw)
                                              : padded(RoomClass::bed, make.palette, make.draw);
  const Surface linen =
      surface(RoomClass::bed, near({0.86, 0.85, 0.83}, 0.06, make.draw), Texture::speckle, 0);
  const Vec3 colour = make.draw.chance(0.6) ? any_colour(make.draw) : Vec3{0.85, 0.84, 0.8};
  const Surface cover = surface(RoomClass::bed, near(colour, 0.08, make.draw), Texture::speckle, 0);
  const double top = size.height, low = make.draw.in(0.02, 0.16);
  make.parts.box(site, {0.03, 0, make.draw.in(0.4, 0.6)}, {0.03, size.width / 2, 0.55}, frame);
  make.parts.box(site, {size.depth / 2, 0, (low + top - 0.18) / 2},
                 {size.depth / 2, size.width / 2, (top - 0.18 - low) / 2}, frame);
  make.parts.box(site, {size.depth / 2, 0, top - 0.09},
                 {size.depth / 2 - 0.03, size.width / 2 - 0.03, 0.09}, linen);
  const double drawn = make.draw.in(0.4, 0.75);  // how far the cover lies up
  make.parts.box(site, {size.depth - drawn * size.depth / 2, 0, top - 0.03},
                 {drawn * size.depth / 2, size.width / 2 + 0.02, 0.07}, cover);
  add_pillows(make, site, size.width, top);
  if (make.draw.chance(0.3)) add_cushion(make, site, {0.55, 0, top}, RoomClass::bed);
}

}  // namespace voxloom::rooms
