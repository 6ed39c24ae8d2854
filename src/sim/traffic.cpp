// Vehicles in their lanes, at the kerb and in front gardens; people on the sidewalks.
#include <array>

#include "sim/populate.h"

namespace voxloom::street {
namespace {

bool draw_van(Draw& draw, double share) { return draw.chance(share); }

Footprint add_any_car(Stage& stage, const Site& site) {
  constexpr std::array<double, 5> kShares = {0.32, 0.22, 0.18, 0.16, 0.12};
  return add_car(stage.parts, site, static_cast<CarBody>(stage.draw.weighted(kShares)), stage.draw);
}

void add_any_van(Stage& stage, const Site& site, bool parked) {
  const std::array<double, 4> shares = {0.4, 0.3, 0.2, parked ? 0.0 : 0.15};
  add_van(stage.parts, site, static_cast<VanBody>(stage.draw.weighted(shares)), stage.draw);
}

// A vehicle on a place of its size, which is made sure of before it is built.
bool add_vehicle(Stage& stage, const Pose& pose, double turn, Zone from, Zone to) {
  const bool van = draw_van(stage.draw, from == Zone::road ? 0.22 : 0.06);
  const bool parked = turn != 0 || from != Zone::road;
  const double half = van ? (parked ? 5.0 : 6.3) : 2.5;
  const Yaw yaw = pose.heading.then(Yaw::of(turn));
  const double half_width = van ? 1.3 : 1.0;
  if (!claim(stage, {pose.at, yaw, half, half_width}, from, to)) return false;
  const Site site = stage.site(pose, turn);
  if (van) {
    add_any_van(stage, site, parked);
  } else {
    add_any_car(stage, site);
  }
  return true;
}

void add_traffic(Stage& stage, const Road& road) {
  const double lane = 2 * road.half_width / road.lanes;
  const double begin = road.begins ? 8 : -kReach;
  for (int i = 0; i < road.lanes; ++i) {
    const double aside = (i + 0.5) * lane - road.half_width + stage.draw.in(-0.3, 0.3);
    const double wanted = stage.design.traffic * (kReach - begin) / 100;
    const int vehicles = static_cast<int>(wanted + stage.draw.unit());
    for (int n = 0; n < vehicles; ++n) {
      const Pose pose = road.line.pose(stage.draw.in(begin, kReach), aside);
      // On the left of the line traffic comes towards us.
      const double turn = (aside > 0 ? kPi : 0) + stage.draw.in(-0.04, 0.04);
      add_vehicle(stage, pose, turn, Zone::road, Zone::road);
    }
  }
}

void add_parked(Stage& stage, const Road& road) {
  for (const double side : {1.0, -1.0}) {
    double share = stage.design.parked * stage.draw.in(0.3, 1.3);
    for (double along = -kReach; along < kReach;) {
      along += stage.draw.in(5.4, 7);
      // Full stretches and empty ones.
      if (stage.draw.chance(0.12)) share = stage.design.parked * stage.draw.in(0, 1.6);
      if (!stage.draw.chance(share)) continue;
      const double aside = side * (road.half_width - 1.12 - stage.draw.in(0, 0.2));
      const bool with_traffic = stage.draw.chance(0.85);
      const double turn = (with_traffic == (side > 0) ? kPi : 0) + stage.draw.in(-0.05, 0.05);
      add_vehicle(stage, road.line.pose(along, aside), turn, Zone::road, Zone::road);
    }
  }
}

// In drives and yards, across the street's direction.
void add_in_gardens(Stage& stage, const Road& road) {
  for (const double side : {1.0, -1.0}) {
    for (double along = -kReach; along < kReach; along += stage.draw.in(9, 30)) {
      if (!stage.draw.chance(stage.design.parked)) continue;
      const double aside = road.half_width + road.strip() + stage.draw.in(2.8, 6);
      const double turn = stage.draw.either_side(kPi / 2 - 0.2, kPi / 2 + 0.2);
      add_vehicle(stage, road.line.pose(along, side * aside), turn, Zone::verge, Zone::beyond);
    }
  }
}

void add_pedestrians(Stage& stage, const Pose& pose, int group) {
  for (int i = 0; i < group; ++i) {
    const Vec2 at = pose.at + Vec2{stage.draw.in(-0.9, 0.9), stage.draw.in(-0.9, 0.9)};
    const double turn = stage.draw.either_way(0.6);
    const Rectangle place = {at, pose.heading, 0.3, 0.3};
    if (!stage.taken.take(place)) continue;
    add_pedestrian(stage.parts, stage.site({at, pose.heading}, turn), stage.draw);
  }
}

}  // namespace

void add_vehicles(Stage& stage, const Road& road) {
  add_traffic(stage, road);
  add_parked(stage, road);
  if (stage.design.quarter != Quarter::rows) add_in_gardens(stage, road);
}

void add_people(Stage& stage, const Road& road) {
  const double begin = road.begins ? 5 : -kReach;
  const int groups = static_cast<int>(stage.design.people * (kReach - begin) / 100 * 1.4);
  for (int i = 0; i < groups; ++i) {
    const double side = stage.draw.sign();
    const double across = stage.draw.chance(0.12)
                              ? stage.draw.in(0, road.half_width)
                              : road.half_width + stage.draw.in(0.4, 0.6 + road.strip());
    // More of them near the sensor, where they can be learnt from.
    const double pull = stage.draw.in(0.15, 0.5);
    const double along = begin + (kReach - begin) * (0.5 + pull * stage.draw.in(-1, 1));
    add_pedestrians(stage, road.line.pose(along, side * across), stage.draw.whole(1, 3));
  }
  const int riders =
      static_cast<int>(stage.design.people * (kReach - begin) / 100 * 0.8 + stage.draw.unit());
  for (int i = 0; i < riders; ++i) {
    const double side = stage.draw.sign();
    const double aside = road.half_width + (stage.draw.chance(0.7) ? stage.draw.in(-3.2, -0.7)
                                                                   : stage.draw.in(0.5, 1.5));
    const double pull = stage.draw.in(0.3, 1);
    const Pose pose = road.line.pose(pull * stage.draw.in(begin, kReach), side * aside);
    const double turn = (side > 0 ? kPi : 0) + stage.draw.in(-0.25, 0.25);
    if (!stage.taken.take({pose.at, pose.heading, 1.0, 0.4})) continue;
    add_cyclist(stage.parts, stage.site(pose, turn), stage.draw);
  }
}

}  // namespace voxloom::street
