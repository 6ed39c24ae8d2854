#include "sim/aerial/power_line.h"

#include <array>

namespace voxloom::aerial {
namespace {

using street::Parts;
using street::Site;
using street::Stage;

// A pulse is some 20 centimetres wide and hears a wire that it touches: as thick as that makes it.
constexpr double kHeard = 0.06;

struct LineDesign {
  double height, span, sag, arm;  // metres
  int wires;
  bool lattice;
};

LineDesign draw_line(Draw& draw) {
  if (draw.chance(0.5)) {  // along streets, on masts
    return {draw.in(7, 10),  draw.in(24, 36),  draw.in(0.3, 0.9),
            draw.in(0.5, 1), draw.whole(2, 4), false};
  }
  return {draw.in(14, 26), draw.in(40, 60),  draw.in(1, 2.5),
          draw.in(2.2, 4), draw.whole(3, 6), true};
}

Surface metal(LandClass label, Draw& draw) {
  const double grey = draw.in(0.3, 0.6);
  return {.label = label, .reflectance = draw.in(0.1, 0.35), .colour = {grey, grey, grey * 1.03}};
}

void add_pylon(Parts& parts, const Site& site, const LineDesign& line, const Surface& steel) {
  if (!line.lattice) {
    parts.cylinder(site, {0, 0, -0.5}, {0, 0, line.height}, 0.14, steel);
    return parts.box(site, {0, 0, line.height - 0.2}, {0.06, line.arm, 0.06}, steel);
  }
  const double foot = 0.09 * line.height;
  for (const double x : {foot, -foot}) {
    for (const double y : {foot, -foot}) {
      parts.cylinder(site, {x, y, -0.5}, {x * 0.15, y * 0.15, line.height}, 0.11, steel);
    }
    parts.cylinder(site, {x, foot, 0}, {-x * 0.5, -foot * 0.5, line.height * 0.5}, 0.08, steel);
    parts.cylinder(site, {x, -foot, 0}, {-x * 0.5, foot * 0.5, line.height * 0.5}, 0.08, steel);
  }
  for (const double up : {1.0, 0.85}) {
    parts.box(site, {0, 0, up * line.height - 0.2}, {0.15, line.arm, 0.12}, steel);
  }
}

// Where wire `number` hangs on a pylon.
Vec3 hung(const LineDesign& line, int number) {
  const double share = line.wires == 1 ? 0 : 2.0 * number / (line.wires - 1) - 1;
  return {0, share * line.arm * 0.95, line.height - (number % 2 == 0 ? 0.3 : 0.1)};
}

void add_wire(Parts& parts, const Vec3& from, const Vec3& to, double sag, const Surface& surface) {
  constexpr int kPieces = 10;
  const auto at = [&](int i) {
    const double u = static_cast<double>(i) / kPieces;
    return from * (1 - u) + to * u - Vec3{0, 0, 4 * sag * u * (1 - u)};
  };
  for (int i = 0; i < kPieces; ++i) parts.cylinder({}, at(i), at(i + 1), kHeard, surface);
}

}  // namespace

void add_power_line(Stage& stage, Parts& parts) {
  Draw& draw = stage.draw;
  const LineDesign line = draw_line(draw);
  const Surface steel = metal(LandClass::pole, draw), copper = metal(LandClass::wire, draw);
  const Yaw along = Yaw::of(draw.in(0, street::kPi));
  const double aside = draw.in(-22, 22), first = draw.in(-0.3, 0.3) * line.span;
  std::vector<Site> pylons;
  for (int i = -2; i <= 2; ++i) {
    const Vec2 at = along.turn(Vec2{first + i * line.span, aside});
    const double half = line.lattice ? 0.1 * line.height : 0.2;
    // Where something stands already the line runs on without a pylon, as over a street.
    const bool stands =
        street::claim(stage, {at, along, half, half}, street::Zone::verge, street::Zone::beyond);
    const Site site = {{at.x, at.y, stage.ground.height(at)}, along};
    if (stands) add_pylon(parts, site, line, steel);
    pylons.push_back(site);
  }
  for (std::size_t i = 0; i + 1 < pylons.size(); ++i) {
    for (int wire = 0; wire < line.wires; ++wire) {
      add_wire(parts, pylons[i].point(hung(line, wire)), pylons[i + 1].point(hung(line, wire)),
               line.sag, copper);
    }
  }
}

}  // namespace voxloom::aerial
