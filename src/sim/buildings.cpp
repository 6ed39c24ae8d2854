// Houses: a body with windows, a roof, and what sticks out of the front.
#include "sim/parts.h"

namespace voxloom::street {
namespace {

void add_roof(Parts& parts, const Site& site, const Footprint& size, double eaves,
              const Surface& tiles, Draw& draw) {
  const bool along = draw.chance(0.7);  // the ridge runs along the street
  const double span = along ? size.length : size.width, run = along ? size.width : size.length;
  const double over = 0.35, rise = span * draw.in(0.2, 0.45);
  const Profile roof = {.corners = {{-span / 2 - over, eaves - 0.2},
                                    {span / 2 + over, eaves - 0.2},
                                    {0, eaves + rise}},
                        .bottom_half_width = run / 2 + 0.2,
                        .top_half_width = run / 2 + 0.2};
  const Yaw turned = along ? site.yaw : Yaw{-site.yaw.s, site.yaw.c};
  parts.hull({site.at, turned}, roof, tiles);
  parts.box(site, {0, draw.in(-0.3, 0.3) * size.width, eaves + rise * 0.8},
            {0.3, 0.35, 0.5 + 0.2 * rise}, tiles);  // a chimney
}

void add_balconies(Parts& parts, const Site& site, const Footprint& size, double floors,
                   const Surface& wall, Draw& draw) {
  const double wide = draw.in(1.2, 2.2), y = draw.in(-0.3, 0.3) * size.width,
               deep = draw.in(0.5, 0.8);
  for (double floor = 1; floor < floors; ++floor) {
    parts.box(site, {size.length / 2 + deep, y, floor * 2.9 + 0.45}, {deep, wide, 0.55}, wall);
  }
}

void add_entrance(Parts& parts, const Site& site, const Footprint& size, const Surface& wall,
                  Draw& draw) {
  const double y = draw.in(-0.35, 0.35) * size.width, deep = draw.in(0.4, 1.1);
  parts.box(site, {size.length / 2 + deep, y, 0.1}, {deep, 0.9, 0.2}, wall);
  if (draw.chance(0.5)) {
    parts.box(site, {size.length / 2 + deep, y, 2.55}, {deep, 1.0, 0.08}, wall);
    for (const double side : {0.9, -0.9}) {
      parts.cylinder(site, {size.length / 2 + 1.8 * deep, y + side, 0},
                     {size.length / 2 + 1.8 * deep, y + side, 2.5}, 0.07, wall);
    }
  }
}

}  // namespace

void add_building(Parts& parts, const Site& site, const Footprint& size, const BuildingStyle& style,
                  Draw& draw) {
  Surface wall = {.reflectance = style.reflectance, .gloss = draw.in(0, 0.15)};
  const double height = style.floors * 2.9 + draw.in(0.2, 0.9), sunk = 1.2;
  Surface front = wall;
  front.pattern = Pattern::facade;
  front.grain = style.window;
  parts.box(site, {0, 0, (height - sunk) / 2},
            {size.length / 2, size.width / 2, (height + sunk) / 2}, front);
  const Surface tiles = {.reflectance = draw.in(0.12, 0.4)};
  if (style.gable) {
    add_roof(parts, site, size, height, tiles, draw);
  } else {
    parts.box(site, {0, 0, height + 0.15}, {size.length / 2 + 0.2, size.width / 2 + 0.2, 0.2},
              tiles);
  }
  if (style.floors >= 2 && draw.chance(0.45)) {
    add_balconies(parts, site, size, style.floors, wall, draw);
  }
  if (draw.chance(0.6)) add_entrance(parts, site, size, wall, draw);
  if (draw.chance(0.25)) {  // a bay
    parts.box(site, {size.length / 2, draw.in(-0.3, 0.3) * size.width, height * 0.35},
              {0.8, 1.3, height * 0.35 + 1}, front);
  }
}

}  // namespace voxloom::street
