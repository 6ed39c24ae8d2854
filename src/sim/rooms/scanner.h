// What scans rooms. Both are parallel over rays, and the same for every number of threads.
#pragma once

#include "sim/rooms/room.h"

namespace voxloom::rooms {

// A terrestrial scanner on a tripod at each viewpoint: the whole sphere but for what is below the tripod, millimetres of
// noise, colours by its camera, intensities by its laser.
[[nodiscard]] LabelledScan scan_from_tripods(const Room& room, std::uint64_t seed);

// A depth camera that is carried from viewpoint to viewpoint and looks around: images of depth up to 5 m whose noise grows
// with the square of the distance, poses that drift. It has no intensities.
[[nodiscard]] LabelledScan scan_along_path(const Room& room, std::uint64_t seed);

}  // namespace voxloom::rooms
