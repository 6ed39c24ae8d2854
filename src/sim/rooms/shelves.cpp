#include <algorithm>

#include "sim/rooms/furniture.h"

namespace voxloom::rooms {
namespace {

constexpr double kBoard = 0.011;  // half a shelf's thickness

// A row of books on a shelf, with gaps; some shelves hold boxes or nothing.
void add_books(const Making& make, const Site& site, const Vec3& from, double width, double room) {
  const double filled = make.draw.in(0.2, 1);
  for (double y = 0; y < width;) {
    const double thick = make.draw.in(0.02, 0.16), tall = room * make.draw.in(0.55, 0.92);
    if (y + thick > width) break;
    const double deep = make.draw.in(0.07, 0.1);
    if (make.draw.chance(filled)) {
      make.parts.box(site, from + Vec3{deep, y + thick / 2, tall / 2},
                     {deep, thick / 2 - 0.002, tall / 2},
                     surface(RoomClass::bookcase, any_colour(make.draw)));
    }
    y += thick;
  }
}

void add_case(const Making& make, const Site& site, const Extent& size, const Surface& wood) {
  const Vec3 middle = {size.depth / 2, 0, size.height / 2};
  make.parts.box(site, {0.01, 0, middle.z}, {0.008, size.width / 2, middle.z}, wood);
  for (const double side : {1.0, -1.0}) {
    make.parts.box(site, {middle.x, side * (size.width / 2 - kBoard), middle.z},
                   {middle.x, kBoard, middle.z}, wood);
  }
}

}  // namespace

void add_bookcase(const Making& make, const Site& site, const Extent& size) {
  const Surface wood = wooden(RoomClass::bookcase, make.palette, make.draw);
  add_case(make, site, size, wood);
  const double step = make.draw.in(0.3, 0.4);
  for (double z = 0.06; z < size.height; z += step) {
    make.parts.box(site, {size.depth / 2, 0, z}, {size.depth / 2, size.width / 2, kBoard}, wood);
    const double room = std::min(step, size.height - z) - 0.04;
    if (room > 0.12 && make.draw.chance(0.85)) {
      add_books(make, site, {0.03, -size.width / 2 + 0.03, z + kBoard}, size.width - 0.06, room);
    }
  }
  make.parts.box(site, {size.depth / 2, 0, size.height}, {size.depth / 2, size.width / 2, kBoard},
                 wood);
}

void add_cupboard(const Making& make, const Site& site, const Extent& size) {
  const Surface wood = wooden(RoomClass::bookcase, make.palette, make.draw);
  make.parts.box(site, {size.depth / 2, 0, size.height / 2 + 0.03},
                 {size.depth / 2, size.width / 2, size.height / 2 - 0.03}, wood);
  const Surface handle = metallic(RoomClass::bookcase, make.palette, make.draw);
  const int doors = std::max(1, static_cast<int>(size.width / 0.55));
  for (int i = 0; i < doors; ++i) {
    const double y = size.width * ((i + 0.5) / doors - 0.5), half = size.width / doors / 2 - 0.006;
    make.parts.box(site, {size.depth + 0.008, y, size.height / 2 + 0.04},
                   {0.008, half, size.height / 2 - 0.06}, wood);
    make.parts.box(site, {size.depth + 0.03, y + half * 0.8, size.height * 0.55},
                   {0.012, 0.01, 0.07}, handle);
  }
}

}  // namespace voxloom::rooms
