#include "sim/rooms/room_design.h"

namespace voxloom::rooms {
namespace {

// Held-out rooms are smaller and larger, lower and higher, barer and fuller than those of training, and lit otherwise.
constexpr RoomRanges kTrain = {.kinds = {0.3, 0.25, 0.3, 0.15},
                               .sensors = {0.6, 0.4},
                               .length = {4.2, 7.5},
                               .width = {3.4, 5.6},
                               .height = {2.4, 2.9},
                               .things = {0.25, 0.8},
                               .daylight = {0.2, 1},
                               .tint = {-0.08, 0.16}};
constexpr RoomRanges kHeldOut = {.kinds = {0.25, 0.25, 0.25, 0.25},
                                 .sensors = {0.5, 0.5},
                                 .length = {3.8, 8.5},
                                 .width = {3.0, 6.2},
                                 .height = {2.3, 3.2},
                                 .things = {0.1, 1},
                                 .daylight = {0, 1.2},
                                 .tint = {-0.12, 0.22}};

}  // namespace

const RoomRanges& ranges_of(sim::Split split) {
  return split == sim::Split::train ? kTrain : kHeldOut;
}

RoomDesign draw_room(const sim::WorldOptions& options, Draw& draw) {
  const RoomRanges& ranges = ranges_of(options.split);
  RoomDesign design;
  design.kind = static_cast<RoomKind>(draw.weighted(ranges.kinds));
  design.length = draw.in(ranges.length);
  design.width = draw.in(ranges.width);
  design.height = draw.in(ranges.height);
  design.things = draw.in(ranges.things);
  design.daylight = draw.in(ranges.daylight);
  design.tint = draw.in(ranges.tint);
  design.sensor = draw.weighted(ranges.sensors) == 0 ? sim::Sensor::tls : sim::Sensor::rgbd;
  if (options.sensor) design.sensor = *options.sensor;
  return design;
}

}  // namespace voxloom::rooms
