// A piece of a town to fly over: the streets of the other world, with colours, under power lines.
#pragma once

#include "sim/aerial/land_classes.h"
#include "sim/bvh.h"
#include "sim/ground.h"
#include "sim/street_design.h"

namespace voxloom::aerial {

using street::Draw;
using street::Hit;
using street::Range;
using street::Ray;
using street::Surface;
using street::Vec2;
using street::Vec3;
using street::Yaw;

// The ranges of a split, beside those of its streets.
struct LandRanges {
  Range spacing;   // of a strip's pulses on the ground, metres
  Range altitude;  // metres
  Range season;    // 0: all green to 1: all yellow
  Range haze;      // of the photographs
};
[[nodiscard]] const LandRanges& ranges_of(sim::Split split);

struct LandDesign {
  street::StreetDesign street;
  double spacing = 0.55, altitude = 500, season = 0.2, haze = 0.1;
};
[[nodiscard]] LandDesign draw_land(const sim::WorldOptions& options, Draw& draw);

struct Land {
  street::Ground ground;
  street::ShapeTree shapes;
  double season = 0.2;
  std::uint64_t seed = 0;  // of colours
};
[[nodiscard]] Land build_land(const LandDesign& design, Draw& draw);

// The nearest thing that a ray meets within `limit`, its label a LandClass, its surface coloured.
[[nodiscard]] std::optional<Hit> nearest(const Land& land, const Ray& ray, double limit);

// A tile of the split, strip after strip, with the columns return_number and number_of_returns; the origin lies on the
// ground in its middle.
[[nodiscard]] LabelledScan scan_land(const sim::WorldOptions& options, Draw& draw);

}  // namespace voxloom::aerial
