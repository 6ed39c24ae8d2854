// A street: ground, things on it, and where the sensor stands.
#pragma once

#include "sim/bvh.h"
#include "sim/ground.h"
#include "sim/street_design.h"

namespace voxloom::street {

struct Scene {
  Ground ground;
  ShapeTree shapes;
  Vec3 sensor;                 // above the origin, over the road
  Yaw heading;                 // of the sensor, turned from the world's x
  double pitch = 0, roll = 0;  // of the sensor, radians
};

[[nodiscard]] Scene build_scene(const StreetDesign& design, Draw& draw);

// A street of the split, as its sensor sees it.
[[nodiscard]] LabelledScan scan_street(const WorldOptions& options, Draw& draw);

// The nearest thing a ray meets within `limit`.
[[nodiscard]] std::optional<Hit> nearest(const Scene& scene, const Ray& ray, double limit);

}  // namespace voxloom::street
