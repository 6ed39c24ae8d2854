// Poles and signs at the kerb, plants along the road and beyond.
#include "sim/populate.h"

namespace voxloom::street {
namespace {

constexpr double kSlim = 0.2;

bool claim_spot(Stage& stage, const Pose& pose, double half, Zone from) {
  return claim(stage, {pose.at, pose.heading, half, half}, from, Zone::beyond);
}

void add_lamps(Stage& stage, const Road& road) {
  const double spacing = stage.draw.in(18, 40), offset = stage.draw.in(0.35, 1.0);
  const double side = stage.draw.sign();
  const bool both = stage.draw.chance(0.4);
  int number = 0;
  for (double along = -kReach + stage.draw.in(0, spacing); along < kReach; along += spacing) {
    const double here = both && ++number % 2 == 0 ? -side : side;
    const Pose pose = road.line.pose(along, here * (road.half_width + offset));
    if (!claim_spot(stage, pose, kSlim, Zone::verge)) continue;
    add_lamp(stage.parts, stage.site(pose, here > 0 ? -kPi / 2 : kPi / 2), stage.draw);
  }
}

void add_signs(Stage& stage, const Road& road) {
  for (const double side : {1.0, -1.0}) {
    for (double along = -kReach; along < kReach; along += stage.draw.in(9, 32)) {
      const Pose pose = road.line.pose(along, side * (road.half_width + stage.draw.in(0.3, 1.1)));
      if (!claim_spot(stage, pose, kSlim, Zone::verge)) continue;
      // Signs look at those who drive on their side.
      const double turn = (side > 0 ? 0 : kPi) + stage.draw.in(-0.25, 0.25);
      add_sign(stage.parts, stage.site(pose, turn), stage.draw);
    }
  }
}

void add_bollards(Stage& stage, const Road& road) {
  const int rows = stage.draw.whole(0, 3);
  for (int row = 0; row < rows; ++row) {
    const double begin = stage.draw.in(-kReach, kReach), side = stage.draw.sign();
    const double spacing = stage.draw.in(1.2, 2.5);
    const int count = stage.draw.whole(3, 9);
    for (int i = 0; i < count; ++i) {
      const Pose pose = road.line.pose(begin + i * spacing, side * (road.half_width + 0.35));
      if (claim_spot(stage, pose, 0.12, Zone::verge)) {
        add_bollard(stage.parts, stage.site(pose), stage.draw);
      }
    }
  }
}

void add_masts(Stage& stage, const Road& road) {
  if (!stage.draw.chance(0.4)) return;
  const double side = stage.draw.sign(), aside = road.half_width + road.strip() + 0.4;
  for (double along = -kReach; along < kReach; along += stage.draw.in(25, 40)) {
    const Pose pose = road.line.pose(along, side * aside);
    if (claim_spot(stage, pose, kSlim, Zone::verge)) {
      add_mast(stage.parts, stage.site(pose), stage.draw);
    }
  }
}

// At the corners where this road meets another one.
void add_lights(Stage& stage, const Road& road) {
  if (!stage.draw.chance(0.6)) return;
  for (const double end : {1.0, -1.0}) {
    for (const double side : {1.0, -1.0}) {
      const double along = end * (road.half_width + stage.draw.in(5, 8));
      const Pose pose = road.line.pose(along, side * (road.half_width + 0.8));
      if (!claim_spot(stage, pose, kSlim, Zone::verge)) continue;
      add_traffic_light(stage.parts, stage.site(pose, end > 0 ? 0 : kPi), stage.draw);
    }
  }
}

void add_avenue(Stage& stage, const Road& road) {
  if (!stage.draw.chance(0.3 + 0.5 * stage.design.trees)) return;
  const double spacing = stage.draw.in(7, 16), size = stage.draw.in(0.15, 0.8);
  const double aside =
      road.half_width + (road.verge > 0.8 ? road.verge / 2 : stage.draw.in(0.7, 1.2));
  for (const double side : {1.0, -1.0}) {
    for (double along = -kReach; along < kReach; along += spacing * stage.draw.in(0.8, 1.3)) {
      const Pose pose = road.line.pose(along, side * aside);
      if (!stage.draw.chance(0.8) || !claim_spot(stage, pose, 0.35, Zone::verge)) continue;
      add_tree(stage.parts, stage.site(pose), size * stage.draw.in(0.7, 1.2), stage.draw);
    }
  }
}

void add_beyond(Stage& stage, const Road& road) {
  const int plants = static_cast<int>(150 * stage.design.trees);
  for (int i = 0; i < plants; ++i) {
    const double share = stage.draw.unit();
    const double aside = road.half_width + road.strip() + 0.6 + 34 * share * share;
    const double side = stage.draw.sign();
    const Pose pose = road.line.pose(stage.draw.in(-kReach, kReach), side * aside);
    const bool tree = stage.draw.chance(0.4);
    if (!claim_spot(stage, pose, tree ? 0.8 : 0.6, Zone::beyond)) continue;
    if (tree) {
      add_tree(stage.parts, stage.site(pose), stage.draw.unit(), stage.draw);
    } else {
      add_bush(stage.parts, stage.site(pose), stage.draw.unit(), stage.draw);
    }
  }
}

}  // namespace

void add_furniture(Stage& stage, const Road& road) {
  add_lamps(stage, road);
  add_signs(stage, road);
  add_bollards(stage, road);
  add_masts(stage, road);
  if (stage.ground.spec().roads.size() > 1) add_lights(stage, road);
}

void add_plants(Stage& stage, const Road& road) {
  add_avenue(stage, road);
  add_beyond(stage, road);
}

}  // namespace voxloom::street
