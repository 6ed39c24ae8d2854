// What stands in rooms, by the numbers of S3DIS where that has a class for it.
#pragma once

#include "voxloom/dataset.h"

namespace voxloom::rooms {

enum class RoomClass : std::int32_t {
  ceiling,
  floor,
  wall,    // and pillars
  window,  // with its blinds and curtains
  door,
  table,     // desks and low ones too
  chair,     // and stools
  sofa,      // and armchairs
  bookcase,  // with its books; cupboards
  board,     // pictures and screens on walls
  bed,
  lamp,
  clutter
};
[[nodiscard]] const ClassTable& room_classes();

}  // namespace voxloom::rooms
