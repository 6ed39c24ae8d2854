// What is seen of a town from above, by the numbers of the ASPRS for LAS files where these have one.
#pragma once

#include "voxloom/dataset.h"

namespace voxloom::aerial {

enum class LandClass : std::int32_t {
  ground,  // and what is paved
  low_vegetation,
  tree,
  roof,
  wall,  // and fences
  car,   // and vans, trucks and buses
  wire,
  pole
};
[[nodiscard]] const ClassTable& land_classes();

}  // namespace voxloom::aerial
