// A furnished room and its scan.
#pragma once

#include "sim/bvh.h"
#include "sim/rooms/light.h"

namespace voxloom::rooms {

struct Room {
  street::ShapeTree shapes;
  Lighting light;
  std::vector<Site> viewpoints;  // in the room, at the height of a sensor; one at least
};
[[nodiscard]] Room build_room(const RoomDesign& design, Draw& draw);

// A room of the split as its sensor sees it, with colours; from the first viewpoint.
[[nodiscard]] LabelledScan scan_room(const sim::WorldOptions& options, Draw& draw);

}  // namespace voxloom::rooms
