// Lots along a road: a building, and a fence, wall or hedge in front of it.
#include <array>

#include "sim/populate.h"

namespace voxloom::street {
namespace {

struct LotRanges {
  Range width, gap, depth, floors;
  double built, fenced, gable;  // shares
};

// In the order of Quarter.
constexpr std::array<LotRanges, 4> kLots = {{{{8, 20}, {0, 0.4}, {9, 14}, {2, 6}, 0.92, 0.15, 0.4},
                                             {{7, 14}, {3, 11}, {8, 11}, {1, 2.6}, 0.85, 0.65, 0.9},
                                             {{18, 38}, {5, 20}, {14, 24}, {2, 4}, 0.7, 0.6, 0.15},
                                             {{8, 16}, {10, 45}, {8, 12}, {1, 2}, 0.4, 0.45, 0.9}}};

FenceStyle draw_fence(Quarter quarter, Draw& draw) {
  constexpr std::array<double, 5> kGardens = {0.25, 0.25, 0.2, 0.1, 0.2};
  constexpr std::array<double, 5> kYards = {0.25, 0.15, 0.2, 0.35, 0.05};
  const bool yards = quarter == Quarter::works;
  const auto kind = static_cast<FenceKind>(draw.weighted(yards ? kYards : kGardens));
  const double height = yards ? draw.in(1.5, 2.4) : draw.in(0.7, 1.9);
  return {kind, height, draw.in(0.15, 0.55)};
}

struct Frontage {
  const Road& road;
  double side;        // of the road
  double begin, end;  // along it
  [[nodiscard]] double edge() const { return road.half_width + road.strip(); }
};

void add_front_fence(Stage& stage, const Frontage& front) {
  const FenceStyle style = draw_fence(stage.design.quarter, stage.draw);
  const double aside = front.edge() + stage.draw.in(0.3, 0.6);
  const double gate = stage.draw.in(front.begin, front.end), opening = stage.draw.in(0.8, 2.2);
  constexpr double kPiece = 2.2;
  for (double along = front.begin + kPiece / 2; along < front.end; along += kPiece) {
    if (std::abs(along - gate) < opening) continue;
    const Pose pose = front.road.line.pose(along, front.side * aside);
    const Rectangle place = {pose.at, pose.heading, kPiece / 2 - 0.1, 0.1};
    if (claim(stage, place, Zone::beyond, Zone::beyond)) {
      add_fence(stage.parts, stage.site(pose), kPiece + 0.02, style, stage.draw);
    }
  }
}

void add_side_fence(Stage& stage, const Frontage& front) {
  const FenceStyle style = draw_fence(stage.design.quarter, stage.draw);
  constexpr double kPiece = 2.2;
  const int pieces = stage.draw.whole(2, 7);
  for (int i = 0; i < pieces; ++i) {
    const double aside = front.edge() + 1.8 + i * kPiece;
    const Pose pose = front.road.line.pose(front.end, front.side * aside);
    const Yaw across = pose.heading.then(Yaw::of(kPi / 2));
    if (claim(stage, {pose.at, across, kPiece / 2 - 0.1, 0.1}, Zone::beyond, Zone::beyond)) {
      add_fence(stage.parts, stage.site(pose, kPi / 2), kPiece + 0.02, style, stage.draw);
    }
  }
}

void add_garden(Stage& stage, const Frontage& front, double depth) {
  const int bushes = stage.draw.whole(0, static_cast<int>(2 + 4 * stage.design.trees));
  for (int i = 0; i < bushes; ++i) {
    const double along = stage.draw.in(front.begin, front.end);
    const double aside = front.edge() + stage.draw.in(0.9, 0.9 + depth);
    const Pose pose = front.road.line.pose(along, front.side * aside);
    if (!claim(stage, {pose.at, pose.heading, 0.4, 0.4}, Zone::beyond, Zone::beyond)) continue;
    if (stage.draw.chance(0.3)) {
      add_tree(stage.parts, stage.site(pose), 0.5 * stage.draw.unit(), stage.draw);
    } else {
      add_bush(stage.parts, stage.site(pose), stage.draw.unit(), stage.draw);
    }
  }
}

void add_house(Stage& stage, const Frontage& front, const LotRanges& lots, double setback) {
  const double depth = stage.draw.in(lots.depth), width = front.end - front.begin;
  const double aside = front.side * (front.edge() + setback + depth / 2);
  const Pose pose = front.road.line.pose((front.begin + front.end) / 2, aside);
  const Rectangle place = {pose.at, pose.heading, width / 2, depth / 2};
  if (!claim(stage, place, Zone::beyond, Zone::beyond)) return;
  const BuildingStyle style = {.floors = std::floor(stage.draw.in(lots.floors) + 0.5),
                               .window = stage.draw.in(0.7, 1.7),
                               .reflectance = stage.draw.in(0.18, 0.55),
                               .gable = stage.draw.chance(lots.gable)};
  // The front looks at the road.
  const Site site = stage.site(pose, front.side > 0 ? -kPi / 2 : kPi / 2);
  add_building(stage.parts, site, {depth, width}, style, stage.draw);
}

}  // namespace

void add_lots(Stage& stage, const Road& road) {
  const LotRanges& lots = kLots[static_cast<std::size_t>(stage.design.quarter)];
  for (const double side : {1.0, -1.0}) {
    double setback = stage.design.setback;
    if (stage.design.quarter == Quarter::rows) setback *= 0.3;
    for (double along = -kReach; along < kReach;) {
      const double width = stage.draw.in(lots.width);
      const Frontage front = {road, side, along, along + width};
      along += width + stage.draw.in(lots.gap);
      const double here = setback + stage.draw.in(0, 0.2) * stage.design.setback;
      if (stage.draw.chance(lots.built)) add_house(stage, front, lots, std::max(here, 0.15));
      if (stage.draw.chance(lots.fenced)) add_front_fence(stage, {road, side, front.begin, along});
      if (stage.draw.chance(lots.fenced * 0.6)) add_side_fence(stage, front);
      if (setback > 2) add_garden(stage, front, setback);
    }
  }
}

}  // namespace voxloom::street
