// Furniture put together from shapes. Each piece stands at a site on the floor: x is its front, y its
// left, z up. What stands against a wall has its back at x = 0, what stands free its middle.
#pragma once

#include "sim/parts.h"
#include "sim/rooms/materials.h"

namespace voxloom::rooms {

using street::Parts;
using street::Site;
using street::Yaw;

struct Making {
  Parts& parts;
  const Palette& palette;
  Draw& draw;
};

// Extents of a piece of furniture, metres: along x, along y, and up.
struct Extent {
  double depth = 1, width = 1, height = 1;
};

void add_table(const Making& make, const Site& site, const Extent& size);  // on legs
void add_round_table(const Making& make, const Site& site, double radius, double height);
void add_desk(const Making& make, const Site& site, const Extent& size);  // its back at x = 0

// One of a set: the chairs of a table are alike.
enum class ChairKind : std::uint8_t { plain, padded, office, stool };
void add_chair(const Making& make, const Site& site, ChairKind kind);

void add_sofa(const Making& make, const Site& site, const Extent& size);  // the back at x = 0
void add_bed(const Making& make, const Site& site, const Extent& size);   // the head at x = 0

void add_bookcase(const Making& make, const Site& site, const Extent& size);
void add_cupboard(const Making& make, const Site& site, const Extent& size);

void add_floor_lamp(const Making& make, const Site& site);
void add_table_lamp(const Making& make, const Site& site);             // stands on z = 0
void add_pendant(const Making& make, const Vec3& at, double ceiling);  // its shade at `at`
void add_panel_light(const Making& make, const Site& site, double ceiling);

void add_monitor(const Making& make, const Site& site);  // these stand on z = 0
void add_small_things(const Making& make, const Site& site, const Extent& room, int count);
void add_plant(const Making& make, const Site& site);
void add_bin(const Making& make, const Site& site);
void add_box(const Making& make, const Site& site);

}  // namespace voxloom::rooms
