// Puts things beside and onto the roads. Everything stands where nothing else does.
#pragma once

#include "sim/ground.h"
#include "sim/occupancy.h"
#include "sim/parts.h"
#include "sim/street_design.h"

namespace voxloom::street {

struct Stage {
  const StreetDesign& design;
  const Ground& ground;
  Parts& parts;
  Occupancy taken;
  Draw& draw;

  // A site on the ground; things on a slope stand upright.
  [[nodiscard]] Site site(const Pose& pose, double turn = 0) const;
  // True when all of the rectangle lies in zones from `from` to `to`.
  [[nodiscard]] bool lies_in(const Rectangle& place, Zone from, Zone to) const;
};

inline constexpr double kReach = 82;  // how far from the sensor things stand

// Takes the rectangle when it is free and lies in zones from `from` to `to`.
[[nodiscard]] bool claim(Stage& stage, const Rectangle& place, Zone from, Zone to);

// The roads of a design and the land around them.
[[nodiscard]] GroundSpec draw_ground(const StreetDesign& design, Draw& draw);

void add_vehicles(Stage& stage, const Road& road);   // moving and parked
void add_people(Stage& stage, const Road& road);     // on foot and on wheels
void add_furniture(Stage& stage, const Road& road);  // poles and signs
void add_lots(Stage& stage, const Road& road);       // buildings and their front gardens
void add_plants(Stage& stage, const Road& road);     // trees along the road and beyond

}  // namespace voxloom::street
