// Poles, signs, and what stands between street and garden.
#include "sim/parts.h"

namespace voxloom::street {
namespace {

Surface metal(Draw& draw, double gloss = 0.2) {
  return {.label = StreetClass::pole, .reflectance = draw.in(0.1, 0.5), .gloss = gloss};
}

// A plate that looks along +x; its back is bare metal.
void add_plate(Parts& parts, const Site& site, const Vec3& center, const Vec3& half, bool round,
               Draw& draw) {
  const Surface front = {.label = StreetClass::sign,
                         .reflectance = draw.in(0.3, 0.6),
                         .retro = draw.chance(0.75) ? draw.in(0.3, 1.0) : 0};
  const Surface back = {
      .label = StreetClass::sign, .reflectance = draw.in(0.15, 0.5), .gloss = 0.3};
  const Vec3 step = {0.012, 0, 0};
  if (round) {
    parts.cylinder(site, center, center + step, half.y, front);
    parts.cylinder(site, center - step, center, half.y, back);
  } else {
    parts.box(site, center + step * 0.5, {0.006, half.y, half.z}, front);
    parts.box(site, center - step * 0.5, {0.006, half.y, half.z}, back);
  }
}

void add_direction_board(Parts& parts, const Site& site, Draw& draw) {
  const double wide = draw.in(0.7, 1.7), low = draw.in(1.2, 2.2), tall = draw.in(0.4, 1.2);
  const Surface post = metal(draw);
  for (const double side : {0.8, -0.8}) {
    parts.cylinder(site, {0, side * wide, -0.2}, {0, side * wide, low + 0.2}, 0.045, post);
  }
  add_plate(parts, site, {0.06, 0, low + tall}, {0.01, wide, tall}, false, draw);
}

}  // namespace

void add_lamp(Parts& parts, const Site& site, Draw& draw) {
  const double height = draw.in(4, 9.5), radius = draw.in(0.05, 0.1), arm = draw.in(0, 2.2);
  const Surface post = metal(draw);
  parts.cylinder(site, {0, 0, -0.2}, {0, 0, height}, radius, post);
  parts.cylinder(site, {0, 0, 0}, {0, 0, draw.in(0.3, 1.2)}, radius * 1.5, post);
  if (arm > 0.6) parts.cylinder(site, {0, 0, height - 0.1}, {arm, 0, height + 0.3}, 0.04, post);
  const double end = arm > 0.6 ? arm : 0;
  parts.box(site, {end, 0, height + 0.3}, {0.3, 0.14, 0.08}, post);
}

void add_mast(Parts& parts, const Site& site, Draw& draw) {
  const Surface wood = metal(draw, 0);
  const double height = draw.in(6, 10);
  parts.cylinder(site, {0, 0, -0.3}, {0, 0, height}, draw.in(0.09, 0.17), wood);
  if (draw.chance(0.5)) {
    parts.box(site, {0, 0, height - 0.6}, {0.05, draw.in(0.5, 1.0), 0.05}, wood);
  }
}

void add_traffic_light(Parts& parts, const Site& site, Draw& draw) {
  const Surface post = metal(draw);
  const Surface head = {.label = StreetClass::pole, .reflectance = 0.08};
  const double height = draw.in(2.9, 3.6);
  parts.cylinder(site, {0, 0, -0.2}, {0, 0, height}, draw.in(0.05, 0.09), post);
  parts.box(site, {0.15, 0, height - 0.45}, {0.1, 0.16, 0.45}, head);
  if (draw.chance(0.4)) {
    const double reach = draw.in(2.5, 5);
    parts.cylinder(site, {0, 0, -0.2}, {0, 0, 5.8}, 0.1, post);
    parts.cylinder(site, {0, 0, 5.6}, {0, reach, 5.8}, 0.06, post);
    parts.box(site, {0.15, reach, 5.4}, {0.1, 0.16, 0.45}, head);
  }
}

void add_sign(Parts& parts, const Site& site, Draw& draw) {
  if (draw.chance(0.15)) return add_direction_board(parts, site, draw);
  const double height = draw.in(1.9, 3.1), half = draw.in(0.25, 0.42);
  const Surface post = metal(draw);
  parts.cylinder(site, {0, 0, -0.2}, {0, 0, height + half}, draw.in(0.028, 0.045), post);
  add_plate(parts, site, {0.06, 0, height}, {0.01, half, half}, draw.chance(0.5), draw);
  if (draw.chance(0.35)) {
    add_plate(parts, site, {0.06, 0, height - half - 0.2}, {0.01, half, 0.16}, false, draw);
  }
}

void add_bollard(Parts& parts, const Site& site, Draw& draw) {
  const double height = draw.in(0.7, 1.1);
  const Surface post = metal(draw);
  parts.cylinder(site, {0, 0, -0.1}, {0, 0, height}, draw.in(0.05, 0.1), post);
}

void add_fence(Parts& parts, const Site& site, double length, const FenceStyle& style, Draw& draw) {
  Surface surface = {.label = StreetClass::fence, .reflectance = style.reflectance};
  const double low = -0.3, middle = (style.height + low) / 2, half = (style.height - low) / 2;
  double thick = 0.02;
  switch (style.kind) {
    case FenceKind::wall: thick = 0.12; break;
    case FenceKind::boards: break;
    case FenceKind::bars: surface.pattern = Pattern::bars, surface.grain = 0.16; break;
    case FenceKind::mesh: surface.pattern = Pattern::mesh, surface.grain = 0.45; break;
    case FenceKind::hedge:
      surface.label = StreetClass::vegetation;
      surface.pattern = Pattern::foliage;
      surface.grain = 5;
      thick = draw.in(0.25, 0.4);
      break;
  }
  parts.box(site, {0, 0, middle}, {length / 2, thick, half}, surface);
  if (style.kind == FenceKind::bars || style.kind == FenceKind::mesh) {
    const Surface post = {.label = StreetClass::fence, .reflectance = style.reflectance};
    parts.cylinder(site, {length / 2, 0, low}, {length / 2, 0, style.height + 0.05}, 0.035, post);
  }
}

}  // namespace voxloom::street
