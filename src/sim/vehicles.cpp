// Cars, vans, trucks and buses: hulls with panes, on wheels.
#include <array>

#include "sim/parts.h"

namespace voxloom::street {
namespace {

struct BodyRanges {
  Range length, width, height, belt;
  double clearance;
  double hood, windscreen, rear_window, trunk;  // shares of the length
};

constexpr std::array<BodyRanges, 5> kCars = {{
    {{3.5, 4.3}, {1.62, 1.8}, {1.42, 1.56}, {0.9, 0.98}, 0.17, 0.2, 0.17, 0.07, 0.01},  // hatchback
    {{4.3, 4.9}, {1.72, 1.88}, {1.38, 1.5}, {0.9, 0.98}, 0.16, 0.26, 0.15, 0.13, 0.13},   // sedan
    {{4.4, 4.9}, {1.74, 1.88}, {1.42, 1.54}, {0.9, 0.98}, 0.16, 0.25, 0.15, 0.07, 0.01},  // estate
    {{4.2, 4.9}, {1.8, 1.98}, {1.6, 1.85}, {1.03, 1.15}, 0.26, 0.24, 0.12, 0.06, 0.01},   // offroad
    {{4.2, 4.8}, {1.75, 1.9}, {1.6, 1.85}, {0.98, 1.08}, 0.18, 0.16, 0.2, 0.05, 0.01},    // minivan
}};

struct Size {
  double length, width, height, belt;
};

// Black, dark, grey, white; the lacquer throws most light away from the sensor.
Surface paint_of(StreetClass label, Draw& draw) {
  constexpr std::array<Range, 4> kPaints = {{{0.02, 0.07}, {0.08, 0.2}, {0.2, 0.4}, {0.45, 0.75}}};
  constexpr std::array<double, 4> kShares = {0.25, 0.3, 0.25, 0.2};
  const Range range = kPaints[draw.weighted(kShares)];
  return {.label = label, .reflectance = draw.in(range), .gloss = draw.in(0.3, 0.8)};
}

void add_wheels(Parts& parts, const Site& site, std::span<const double> axles, double half_width,
                double radius, StreetClass label) {
  const Surface tyre = {.label = label, .reflectance = 0.07};
  const Surface rim = {.label = label, .reflectance = 0.3, .gloss = 0.5};
  for (const double x : axles) {
    for (const double side : {1.0, -1.0}) {
      const double outside = side * (half_width + 0.01);
      parts.cylinder(site, {x, outside - side * 0.22, radius}, {x, outside, radius}, radius, tyre);
      parts.cylinder(site, {x, outside - side * 0.1, radius}, {x, outside + side * 0.01, radius},
                     radius * 0.62, rim);
    }
  }
}

void add_plates(Parts& parts, const Site& site, const Size& size, StreetClass label) {
  const Surface plate = {.label = label, .reflectance = 0.4, .retro = 0.5};
  for (const double end : {1.0, -1.0}) {
    parts.box(site, {end * (size.length / 2 + 0.005), 0, end > 0 ? 0.42 : 0.6},
              {0.012, 0.26, 0.055}, plate);
  }
}

void add_mirrors(Parts& parts, const Site& site, double x, const Size& size, const Surface& paint) {
  for (const double side : {1.0, -1.0}) {
    parts.box(site, {x, side * (size.width / 2 + 0.08), size.belt + 0.08}, {0.07, 0.09, 0.07},
              paint);
  }
}

void add_seats(Parts& parts, const Site& site, double front, double back, const Size& size,
               StreetClass label) {
  const Surface cloth = {.label = label, .reflectance = 0.12};
  for (const double x : {front, back}) {
    for (const double side : {0.36, -0.36}) {
      parts.box(site, {x, side * size.width / 1.8, size.belt}, {0.08, 0.2, 0.28}, cloth);
    }
  }
}

// The part below the windows.
Profile lower_body(const Size& size, const BodyRanges& body, double nose) {
  const double end = size.length / 2;
  const double cowl = end - body.hood * size.length;
  const double low = body.clearance;
  const double middle = low + 0.55 * (size.belt - low);
  return {.corners = {{-end + 0.15, low},
                      {end - 0.18, low},
                      {end, low + 0.18},
                      {end, middle - 0.05},
                      {end - 0.1, nose},
                      {cowl, size.belt},
                      {-end + 0.12, size.belt},
                      {-end, middle + 0.05},
                      {-end, low + 0.22}},
          .bottom_half_width = size.width / 2,
          .top_half_width = size.width / 2 - 0.03};
}

Profile cabin(const Size& size, const BodyRanges& body) {
  const double front = size.length / 2 - body.hood * size.length;
  const double back = -size.length / 2 + body.trunk * size.length;
  return {.corners = {{back, size.belt - 0.02},
                      {front, size.belt - 0.02},
                      {front - body.windscreen * size.length, size.height},
                      {back + body.rear_window * size.length, size.height}},
          .glass = {false, true, false, true},
          .bottom_half_width = size.width / 2 - 0.04,
          .top_half_width = size.width / 2 - 0.22,
          .glass_sides = true};
}

struct VanRanges {
  Range length, width, height;
  double hood, windscreen;
};
constexpr VanRanges kTransporter = {{4.7, 5.4}, {1.86, 2.0}, {1.88, 2.1}, 0.13, 0.11};
constexpr VanRanges kHighRoof = {{5.4, 7.2}, {1.95, 2.1}, {2.35, 2.85}, 0.1, 0.1};

void add_panel_van(Parts& parts, const Site& site, const VanRanges& van, const Size& size,
                   Draw& draw) {
  const Surface paint = paint_of(StreetClass::van, draw);
  const BodyRanges body = {{}, {}, {}, {}, 0.22, van.hood, 0, 0, 0};
  parts.hull(site, lower_body(size, body, size.belt - 0.15), paint);
  const double cowl = size.length / 2 - van.hood * size.length;
  const double top = cowl - van.windscreen * size.length;
  const double split = top - 0.75;  // behind the front doors there is metal
  Surface glass = paint;
  glass.pattern = Pattern::glazed;
  const double half = size.width / 2 - 0.04;
  parts.hull(
      site,
      {.corners = {{split, size.belt}, {cowl, size.belt}, {top, size.height}, {split, size.height}},
       .glass = {false, true, false, false},
       .bottom_half_width = half,
       .top_half_width = half - 0.12,
       .glass_sides = true},
      glass);
  const bool windows = draw.chance(0.35);
  parts.hull(site,
             {.corners = {{-size.length / 2 + 0.02, size.belt},
                          {split, size.belt},
                          {split, size.height},
                          {-size.length / 2 + 0.12, size.height}},
              .glass = {false, false, false, windows},
              .bottom_half_width = half,
              .top_half_width = half - 0.12,
              .glass_sides = windows},
             windows ? glass : paint);
  add_mirrors(parts, site, cowl - 0.2, size, paint);
  const std::array axles = {size.length * 0.5 - 0.95, -size.length * 0.5 + 1.1};
  add_wheels(parts, site, axles, size.width / 2, 0.34, StreetClass::van);
}

void add_box_truck(Parts& parts, const Site& site, const Size& size, Draw& draw) {
  const Surface paint = paint_of(StreetClass::van, draw);
  Surface glass = paint;
  glass.pattern = Pattern::glazed;
  const double front = size.length / 2, half = size.width / 2;
  parts.box(site, {front - 0.9, 0, 1.0}, {0.9, half - 0.05, 0.6}, paint);
  parts.hull(site,
             {.corners = {{front - 1.8, 1.6}, {front, 1.6}, {front - 0.2, 2.6}, {front - 1.8, 2.6}},
              .glass = {false, true, false, false},
              .bottom_half_width = half - 0.06,
              .top_half_width = half - 0.16,
              .glass_sides = true},
             glass);
  const Surface cargo = {
      .label = StreetClass::van, .reflectance = draw.in(0.15, 0.75), .gloss = 0.2};
  const double body = size.length - 2.0;
  parts.box(site, {-1.0, 0, 1.05 + (size.height - 1.05) / 2},
            {body / 2, half, (size.height - 1.05) / 2}, cargo);
  const Surface frame = {.label = StreetClass::van, .reflectance = 0.1};
  parts.box(site, {-0.2, 0, 0.8}, {size.length / 2 - 0.4, 0.45, 0.2}, frame);
  const std::array axles = {front - 1.1, -front + 1.6};
  add_wheels(parts, site, axles, half - 0.03, 0.46, StreetClass::van);
}

void add_bus(Parts& parts, const Site& site, const Size& size, Draw& draw) {
  const Surface paint = paint_of(StreetClass::van, draw);
  Surface glass = paint;
  glass.pattern = Pattern::glazed;
  const double end = size.length / 2, half = size.width / 2;
  parts.box(site, {0, 0, 0.75}, {end, half, 0.45}, paint);
  parts.hull(site,
             {.corners = {{-end, 1.2}, {end, 1.2}, {end - 0.15, 2.6}, {-end, 2.6}},
              .glass = {false, true, false, true},
              .bottom_half_width = half,
              .top_half_width = half - 0.05,
              .glass_sides = true},
             glass);
  parts.box(site, {-0.05, 0, 2.6 + (size.height - 2.6) / 2},
            {end - 0.1, half - 0.05, (size.height - 2.6) / 2}, paint);
  const Surface cloth = {.label = StreetClass::van, .reflectance = 0.15};
  for (double x = -end + 1; x < end - 2; x += 1.6) {
    for (const double side : {0.7, -0.7}) parts.box(site, {x, side, 1.3}, {0.07, 0.4, 0.45}, cloth);
  }
  const std::array axles = {end - 2.6, -end + 3.0};
  add_wheels(parts, site, axles, half, 0.48, StreetClass::van);
}

}  // namespace

Footprint add_car(Parts& parts, const Site& site, CarBody body, Draw& draw) {
  const BodyRanges& ranges = kCars[static_cast<std::size_t>(body)];
  const Size size = {draw.in(ranges.length), draw.in(ranges.width), draw.in(ranges.height),
                     draw.in(ranges.belt)};
  const Surface paint = paint_of(StreetClass::car, draw);
  parts.hull(site, lower_body(size, ranges, size.belt - draw.in(0.15, 0.25)), paint);
  Surface glass = paint;
  glass.pattern = Pattern::glazed;
  parts.hull(site, cabin(size, ranges), glass);
  const double radius = draw.in(0.3, 0.34) + ranges.clearance * 0.15;
  const std::array axles = {size.length * draw.in(0.29, 0.32), -size.length * draw.in(0.28, 0.32)};
  add_wheels(parts, site, axles, size.width / 2, radius, StreetClass::car);
  add_plates(parts, site, size, StreetClass::car);
  const double cowl = size.length * (0.5 - ranges.hood);
  add_mirrors(parts, site, cowl - 0.35, size, paint);
  add_seats(parts, site, cowl - 0.28 * size.length, cowl - 0.5 * size.length, size,
            StreetClass::car);
  return {size.length, size.width};
}

Footprint add_van(Parts& parts, const Site& site, VanBody body, Draw& draw) {
  if (body == VanBody::transporter || body == VanBody::high_roof) {
    const VanRanges& van = body == VanBody::transporter ? kTransporter : kHighRoof;
    const Size size = {draw.in(van.length), draw.in(van.width), draw.in(van.height),
                       draw.in(1.1, 1.25)};
    add_panel_van(parts, site, van, size, draw);
    add_plates(parts, site, size, StreetClass::van);
    return {size.length, size.width};
  }
  const bool bus = body == VanBody::bus;
  const Size size = {bus ? draw.in(9.5, 12.5) : draw.in(6, 10), draw.in(2.35, 2.55),
                     bus ? draw.in(2.95, 3.3) : draw.in(3, 3.9), 1.2};
  bus ? add_bus(parts, site, size, draw) : add_box_truck(parts, site, size, draw);
  return {size.length, size.width};
}

}  // namespace voxloom::street
