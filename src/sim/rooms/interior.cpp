#include "sim/rooms/interior.h"

#include <algorithm>
#include <array>

namespace voxloom::rooms {
namespace {

// Far from the others, so that one sees what another does not.
bool is_far(const Interior& room, const Vec3& at) {
  const double least = 0.3 * std::min(room.design.length, room.design.width);
  return std::ranges::all_of(room.viewpoints,
                             [&](const Site& one) { return length(one.at - at) > least; });
}

void add_panels(Interior& room) {
  const RoomDesign& design = room.design;
  const int rows = design.length > 5 ? 3 : 2, columns = design.width > 3.6 ? 2 : 1;
  const double turn = room.draw.chance(0.5) ? 0 : street::kPi / 2;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      const Vec3 at = {design.length * (i + 0.5) / rows, design.width * (j + 0.5) / columns, 0};
      add_panel_light(room.making(), {at, Yaw::of(turn)}, design.height);
      room.lamps.push_back(at + Vec3{0, 0, design.height - 0.15});
    }
  }
}

}  // namespace

Site Interior::wall(int number) const {
  const double x = design.length / 2, y = design.width / 2;
  switch (number) {
    case 0: return {{0, y, 0}, {1, 0}};
    case 1: return {{x, 0, 0}, {0, 1}};
    case 2: return {{design.length, y, 0}, {-1, 0}};
    default: return {{x, design.width, 0}, {0, -1}};
  }
}

Rectangle at_wall(const Site& wall, double y, const Extent& size) {
  const Vec3 middle = wall.point({size.depth / 2, y, 0});
  return {{middle.x, middle.y}, wall.yaw, size.depth / 2, size.width / 2};
}

void add_viewpoints(Interior& room) {
  const bool stands = room.design.sensor == sim::Sensor::tls;
  const std::size_t wanted = stands ? static_cast<std::size_t>(room.draw.whole(2, 3)) : 5;
  for (int i = 0; i < 80 && room.viewpoints.size() < wanted; ++i) {
    const double height = stands ? room.draw.in(1.3, 1.75) : room.draw.in(1.25, 1.7);
    const Vec3 at = {room.draw.in(0.7, room.design.length - 0.7),
                     room.draw.in(0.7, room.design.width - 0.7), height};
    const double size = stands ? 0.3 : 0.2;
    const bool must = room.viewpoints.empty();
    if (!must && !is_far(room, at)) continue;
    if (!room.floor.take({{at.x, at.y}, {}, size, size}) && !(must && i > 40)) continue;
    room.viewpoints.push_back({at, Yaw::of(room.draw.in(0, 2 * street::kPi))});
  }
}

void add_lights(Interior& room) {
  const RoomDesign& design = room.design;
  const bool works = design.kind == RoomKind::office || design.kind == RoomKind::meeting;
  if (room.draw.chance(works ? 0.85 : 0.2)) return add_panels(room);
  const Vec3 middle = {design.length * room.draw.in(0.4, 0.6),
                       design.width * room.draw.in(0.4, 0.6), 0};
  const bool hangs = room.draw.chance(0.6);
  const Vec3 at = middle + Vec3{0, 0, design.height - (hangs ? room.draw.in(0.3, 0.7) : 0.08)};
  add_pendant(room.making(), at, design.height);
  room.lamps.push_back(at - Vec3{0, 0, 0.35});
}

}  // namespace voxloom::rooms
