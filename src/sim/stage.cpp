#include "sim/populate.h"

namespace voxloom::street {

Site Stage::site(const Pose& pose, double turn) const {
  return {{pose.at.x, pose.at.y, ground.height(pose.at)}, pose.heading.then(Yaw::of(turn))};
}

bool Stage::lies_in(const Rectangle& place, Zone from, Zone to) const {
  for (const double x : {-1.0, 0.0, 1.0}) {
    for (const double y : {-1.0, 0.0, 1.0}) {
      const Zone zone = ground.place(place.corner(x, y)).zone;
      if (zone < from || zone > to) return false;
    }
  }
  return true;
}

bool claim(Stage& stage, const Rectangle& place, Zone from, Zone to) {
  return stage.lies_in(place, from, to) && stage.taken.take(place);
}

}  // namespace voxloom::street
