// A road's centre line: a straight line or a circle's arc, and the strips beside it.
#pragma once

#include "data/vec.h"

namespace voxloom::street {

// A place beside a road: `along` from the road's reference point, `aside` to the left of its line.
struct Pose {
  Vec2 at;
  Yaw heading;  // of the road there
};

class Centerline {
 public:
  Centerline() = default;
  // Through `at` with `heading`; `curvature` is 1 / radius, positive to the left.
  Centerline(Vec2 at, double heading, double curvature);

  [[nodiscard]] Pose pose(double along, double aside) const;
  // How far to the left of the line; exact on either side of a circle.
  [[nodiscard]] double aside(Vec2 p) const;
  // Along the tangent at the reference point, for roads that begin there.
  [[nodiscard]] double ahead(Vec2 p) const { return dot(p - at_, {yaw_.c, yaw_.s}); }

 private:
  Vec2 at_;
  double heading_ = 0;
  Yaw yaw_;
  double curvature_ = 0;
  Vec2 center_;  // of the circle
};

struct Road {
  Centerline line;
  double half_width = 4;      // to the kerb
  double kerb = 0.12;         // its height
  double verge = 0;           // grass between kerb and sidewalk
  double sidewalk = 2;        // 0: none
  bool paved_beyond = false;  // beyond the sidewalk: paving, else grass
  bool begins = false;        // a side road: there is none of it behind its reference point
  int lanes = 2;

  // The sidewalk's far edge, from the kerb.
  [[nodiscard]] double strip() const { return verge + sidewalk; }
};

}  // namespace voxloom::street
