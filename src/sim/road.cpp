#include "sim/road.h"

namespace voxloom::street {

Centerline::Centerline(Vec2 at, double heading, double curvature)
    : at_(at), heading_(heading), yaw_(Yaw::of(heading)), curvature_(curvature) {
  if (curvature != 0) center_ = at + Vec2{-yaw_.s, yaw_.c} * (1 / curvature);
}

Pose Centerline::pose(double along, double aside) const {
  if (curvature_ == 0) {
    return {at_ + Vec2{yaw_.c, yaw_.s} * along + Vec2{-yaw_.s, yaw_.c} * aside, yaw_};
  }
  const Yaw turned = Yaw::of(heading_ + along * curvature_);
  return {center_ + Vec2{turned.s, -turned.c} * (1 / curvature_ - aside), turned};
}

double Centerline::aside(Vec2 p) const {
  if (curvature_ == 0) return dot(p - at_, {-yaw_.s, yaw_.c});
  const double radius = 1 / curvature_;
  const double away = length(p - center_);
  return radius > 0 ? radius - away : away + radius;
}

}  // namespace voxloom::street
