// The worlds that can be made, one row for each.
#pragma once

#include "data/draw.h"
#include "voxloom/simulator.h"

namespace voxloom::sim {

struct WorldRow {
  World world;
  const char* name;
  const char* scenes;  // in a recipe
  WorldInfo info;
  LabelledScan (*scan)(const WorldOptions& options, street::Draw& draw);  // one scene
};
// In the order of the enumeration.
[[nodiscard]] const WorldRow& row_of(World world);

}  // namespace voxloom::sim
