// What a room is drawn from, per split, and what was drawn for one room.
#pragma once

#include <array>

#include "data/draw.h"
#include "voxloom/simulator.h"

namespace voxloom::rooms {

using street::Draw;
using street::Range;

enum class RoomKind : std::uint8_t { living, bedroom, office, meeting };

// The ranges of a split. Shares are weights in the order of their enumerations.
struct RoomRanges {
  std::array<double, 4> kinds;
  std::array<double, 2> sensors;  // tls, rgbd
  Range length, width, height, things, daylight, tint;
};
[[nodiscard]] const RoomRanges& ranges_of(sim::Split split);

struct RoomDesign {
  RoomKind kind = RoomKind::living;
  double length = 6, width = 4.5, height = 2.6;  // metres
  double things = 0.5;                           // 0: bare to 1: crammed
  double daylight = 0.5;                         // of the windows
  double tint = 0;                               // of the lamps: below 0 cold, above 0 warm
  sim::Sensor sensor = sim::Sensor::tls;
};
[[nodiscard]] RoomDesign draw_room(const sim::WorldOptions& options, Draw& draw);

}  // namespace voxloom::rooms
