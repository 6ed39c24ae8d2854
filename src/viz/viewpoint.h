// Where a cloud is looked at from, chosen by how its points lie.
#pragma once

#include <array>
#include <cstdint>

#include "voxloom/pictures.h"

namespace voxloom::viz {

using Vector3 = std::array<double, 3>;

struct Viewpoint {
  Vector3 eye = {};
  Vector3 forward = {1, 0, 0}, right = {0, -1, 0},
          up = {0, 0, 1};    // of unit length, at right angles
  double point_size = 0.09;  // metres
  // What stands between the eye and the inside of a room: the ceiling, and walls on this side. Points with
  // normal * point > offset are not drawn.
  struct Cut {
    Vector3 normal = {};
    double offset = 0;
  };
  std::array<Cut, 3> cuts = {};
  int cut_count = 0;

  [[nodiscard]] bool shows(const std::array<float, 3>& p) const;
};

// For a picture in which one metre at a distance of one metre takes `focal` pixels. Where points crowd around a
// sensor above the ground, from behind and above it, forward and down; otherwise all of the cloud from outside, over its
// longer side, a room without its ceiling and the walls that would hide it.
[[nodiscard]] Viewpoint viewpoint_of(const PointCloud& points, double width, double height,
                                     double focal);

struct LookFromAbove {
  double point_size =
      0;  // metres, as in Viewpoint: what a point has of all that is seen, or a fixed size around a sensor
  double ceiling =
      0;  // of a room: what lies higher hides it. The largest number where there is none
};
[[nodiscard]] LookFromAbove look_from_above(const PointCloud& points);

}  // namespace voxloom::viz
