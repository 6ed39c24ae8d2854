// A room while it is put together: the corner of its floor at the origin, its length along x, its width along y.
#pragma once

#include <optional>
#include <vector>

#include "sim/occupancy.h"
#include "sim/rooms/furniture.h"
#include "sim/rooms/room_design.h"

namespace voxloom::rooms {

using street::Occupancy;
using street::Rectangle;

inline constexpr int kWalls = 4;
inline constexpr double kThick = 0.2;  // of walls, floor and ceiling

struct Interior {
  const RoomDesign& design;
  const Palette& palette;
  Parts& parts;
  Draw& draw;
  Occupancy floor, walls;             // taken: on the floor, and of the walls above it
  std::vector<Vec3> lamps, windows;   // where light comes from
  std::vector<Site> viewpoints = {};  // free places on the floor

  [[nodiscard]] Making making() { return {parts, palette, draw}; }
  // The middle of a wall's foot; x leads into the room.
  [[nodiscard]] Site wall(int number) const;
  [[nodiscard]] double wall_length(int number) const {
    return number % 2 == 0 ? design.width : design.length;
  }
};

// The place that a piece takes at a wall, from y on along it.
[[nodiscard]] Rectangle at_wall(const Site& wall, double y, const Extent& size);

void add_shell(Interior& room);  // floor, ceiling, walls with doors and windows, what hangs there
void add_viewpoints(Interior& room);  // where nothing stands; what comes later keeps away
void add_lights(Interior& room);
void add_main_furniture(Interior& room);  // what makes a bedroom of a room
void furnish(Interior& room);             // all the rest

}  // namespace voxloom::rooms
