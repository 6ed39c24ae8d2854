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

// How large a point is drawn, in metres: as much as it has of what is seen, or, around a turning sensor, a fixed size.
[[nodiscard]] double point_size_of(const PointCloud& points);

// What lies higher is the ceiling of a room, and hides it from above; the largest number where there is none.
[[nodiscard]] double ceiling_of(const PointCloud& points);

}  // namespace voxloom::viz
