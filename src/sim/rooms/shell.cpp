// Walls with their openings, and what hangs on them.
#include <algorithm>
#include <array>

#include "sim/rooms/interior.h"

namespace voxloom::rooms {
namespace {

using street::Pattern;

enum class Hole : std::uint8_t { door, window };

struct Opening {
  Hole kind;
  double y, width, low, high;  // its middle along the wall
};

void add_box(Interior& room, const Site& wall, const Vec3& low, const Vec3& high,
             const Surface& surface) {
  room.parts.box(wall, (low + high) * 0.5, (high - low) * 0.5, surface);
}

// Four bars around an opening, from `back` to `front` of the wall's face.
void add_frame(Interior& room, const Site& wall, const Opening& hole, double back, double front,
               const Surface& surface) {
  constexpr double kBar = 0.05;
  const double left = hole.y - hole.width / 2, right = hole.y + hole.width / 2;
  for (const double y : {left, right - kBar}) {
    add_box(room, wall, {back, y, hole.low}, {front, y + kBar, hole.high}, surface);
  }
  add_box(room, wall, {back, left, hole.high - kBar}, {front, right, hole.high}, surface);
  if (hole.kind == Hole::window) {
    add_box(room, wall, {back, left, hole.low}, {front, right, hole.low + kBar}, surface);
  }
}

// What is seen through an open door: a piece of a corridor.
void add_corridor(Interior& room, const Site& wall, const Opening& door) {
  const double far = -kThick - room.draw.in(0.8, 1.4), side = door.width / 2 + 0.5;
  const Surface paint = surface(RoomClass::wall, near(room.palette.wall, 0.06, room.draw));
  const Surface carpet =
      surface(RoomClass::floor, near(room.palette.floor, 0.1, room.draw), Texture::speckle);
  add_box(room, wall, {far - 0.1, door.y - side, 0}, {far, door.y + side, 2.4}, paint);
  add_box(room, wall, {far, door.y - side, -0.1}, {0, door.y + side, 0}, carpet);
}

void add_door(Interior& room, const Site& wall, const Opening& door) {
  Draw& draw = room.draw;
  const Vec3 white = {0.82, 0.81, 0.79};
  const Surface frame =
      surface(RoomClass::door, near(draw.chance(0.6) ? white : room.palette.wood, 0.06, draw));
  const Surface leaf =
      draw.chance(0.5)
          ? surface(RoomClass::door, near(white, 0.06, draw))
          : surface(RoomClass::door, near(room.palette.wood, 0.1, draw), Texture::grain);
  const Surface handle = metallic(RoomClass::door, room.palette, draw);
  add_frame(room, wall, door, -kThick, 0.015, frame);
  const double half = door.width / 2 - 0.04;
  Site hung = {wall.point({-0.05, door.y - half, 0}), wall.yaw};  // at the hinge
  if (draw.chance(0.35)) {
    hung.yaw = hung.yaw.then(Yaw::of(-draw.in(0.8, 1.5)));
    add_corridor(room, wall, door);
  }
  room.parts.box(hung, {0, half, door.high / 2}, {0.02, half, door.high / 2 - 0.03}, leaf);
  room.parts.box(hung, {0.04, 2 * half - 0.09, 1.02}, {0.02, 0.06, 0.012}, handle);
}

void add_curtains(Interior& room, const Site& wall, const Opening& window) {
  const Vec3 tone = room.draw.chance(0.5) ? room.palette.fabric : Vec3{0.84, 0.82, 0.77};
  const Surface cloth = surface(RoomClass::window, near(tone, 0.1, room.draw), Texture::speckle, 0);
  const double drawn = room.draw.in(0.08, 0.3) * window.width;
  const double low = room.draw.chance(0.5) ? 0.03 : window.low - 0.1;
  const double high = std::min(room.design.height - 0.03, window.high + 0.15);
  for (const double side : {1.0, -1.0}) {
    const double edge = window.y + side * (window.width / 2 + 0.1);
    for (double at = 0; at < drawn; at += 0.1) {  // in folds
      const Vec3 foot = {0.07, edge - side * at, low};
      room.parts.cylinder(wall, foot, {foot.x, foot.y, high}, 0.045, cloth);
    }
  }
}

void add_blind(Interior& room, const Site& wall, const Opening& window) {
  const Surface slats = surface(RoomClass::window, near({0.8, 0.79, 0.75}, 0.15, room.draw));
  const double low = window.high - room.draw.in(0.2, 1) * (window.high - window.low);
  add_box(room, wall, {-0.06, window.y - window.width / 2, low},
          {-0.04, window.y + window.width / 2, window.high}, slats);
}

void add_window(Interior& room, const Site& wall, const Opening& window) {
  const bool white = room.draw.chance(0.7);
  const Surface frame = surface(
      RoomClass::window, near(white ? Vec3{0.85, 0.85, 0.84} : room.palette.wood, 0.05, room.draw));
  add_frame(room, wall, window, -0.14, -0.08, frame);
  const int sashes = window.width > 1.1 ? 2 : 1;
  for (int i = 1; i < sashes; ++i) {
    add_box(room, wall, {-0.14, window.y - 0.04, window.low}, {-0.08, window.y + 0.04, window.high},
            frame);
  }
  Surface pane = surface(RoomClass::window, {0.75, 0.85, 0.93}, Texture::plain, 0);
  pane.pattern = Pattern::mesh;
  pane.grain = room.draw.in(0.1, 0.5);
  add_box(room, wall, {-0.115, window.y - window.width / 2, window.low},
          {-0.105, window.y + window.width / 2, window.high}, pane);
  add_box(room, wall, {-0.08, window.y - window.width / 2, window.low - 0.02},
          {0.06, window.y + window.width / 2, window.low + 0.01}, frame);  // the sill
  if (room.draw.chance(0.35)) add_blind(room, wall, window);
  if (room.draw.chance(0.45)) add_curtains(room, wall, window);
  room.windows.push_back(wall.point({0.3, window.y, (window.low + window.high) / 2}));
  if (window.low > 0.55 && room.draw.chance(0.6)) {
    const double half = window.width * 0.4;
    const Surface radiator = surface(RoomClass::clutter, near({0.84, 0.84, 0.82}, 0.06, room.draw));
    add_box(room, wall, {0.03, window.y - half, 0.12}, {0.11, window.y + half, window.low - 0.12},
            radiator);
  }
}

bool draw_opening(Interior& room, int number, Hole kind, std::vector<Opening>& to) {
  Draw& draw = room.draw;
  Opening hole = {kind, 0, draw.in(0.8, 0.98), 0, draw.in(1.98, 2.1)};
  if (kind == Hole::window) {
    hole.width = draw.in(0.8, 2.2);
    hole.low = draw.chance(0.2) ? 0.15 : draw.in(0.75, 1);
    hole.high = draw.in(1.95, 2.2);
  }
  const double reach = room.wall_length(number) / 2 - hole.width / 2 - 0.2;
  if (reach <= 0) return false;
  hole.y = draw.in(-reach, reach);
  const Site wall = room.wall(number);
  const Extent kept = {0.3, hole.width + 0.25, 0};
  if (!room.walls.take(at_wall(wall, hole.y, kept))) return false;
  if (kind == Hole::door) {  // its leaf turns here
    static_cast<void>(room.floor.take(at_wall(wall, hole.y, {1.05, hole.width + 0.2, 0})));
  }
  to.push_back(hole);
  return true;
}

// The wall's pieces between, below and above its openings.
void add_wall(Interior& room, int number, std::vector<Opening> holes, const Surface& paint) {
  const Site wall = room.wall(number);
  const double end = room.wall_length(number) / 2 + kThick, top = room.design.height;
  std::ranges::sort(holes, {}, &Opening::y);
  double from = -end;
  const auto piece = [&](double y0, double y1, double z0, double z1) {
    if (y1 > y0 && z1 > z0) add_box(room, wall, {-kThick, y0, z0}, {0, y1, z1}, paint);
  };
  for (const Opening& hole : holes) {
    piece(from, hole.y - hole.width / 2, 0, top);
    piece(hole.y - hole.width / 2, hole.y + hole.width / 2, 0, hole.low);
    piece(hole.y - hole.width / 2, hole.y + hole.width / 2, hole.high, top);
    from = hole.y + hole.width / 2;
  }
  piece(from, end, 0, top);
  for (const Opening& hole : holes) {
    hole.kind == Hole::door ? add_door(room, wall, hole) : add_window(room, wall, hole);
  }
}

// A whiteboard, a picture, a screen.
void add_board(Interior& room, const Site& wall, double y, const Extent& size) {
  const double low = std::min(room.draw.in(0.85, 1.3), room.design.height - size.height - 0.1);
  const Surface rim = room.draw.chance(0.5) ? metallic(RoomClass::board, room.palette, room.draw)
                                            : wooden(RoomClass::board, room.palette, room.draw);
  const std::array<double, 3> kinds = {0.35, 0.4, 0.25};
  Vec3 colour = {0.93, 0.94, 0.94};
  Texture texture = Texture::plain;
  const std::size_t kind = room.draw.weighted(kinds);
  if (kind == 1) colour = any_colour(room.draw), texture = Texture::speckle;
  if (kind == 2) colour = {0.06, 0.06, 0.07};
  add_box(room, wall, {0, y - size.width / 2, low},
          {size.depth, y + size.width / 2, low + size.height}, rim);
  add_box(room, wall, {size.depth, y - size.width / 2 + 0.03, low + 0.03},
          {size.depth + 0.004, y + size.width / 2 - 0.03, low + size.height - 0.03},
          surface(RoomClass::board, colour, texture, kind == 2 ? 0.4 : 0.1));
}

void hang_boards(Interior& room) {
  const bool works = room.design.kind == RoomKind::office || room.design.kind == RoomKind::meeting;
  const int count = room.draw.whole(1, works ? 3 : 4);
  for (int i = 0; i < count; ++i) {
    const int number = room.draw.whole(0, kWalls - 1);
    const Extent size = {room.draw.in(0.015, 0.05), room.draw.in(0.4, works ? 2.2 : 1.3),
                         room.draw.in(0.35, 1.1)};
    const double reach = room.wall_length(number) / 2 - size.width / 2 - 0.1;
    if (reach <= 0) continue;
    const double y = room.draw.in(-reach, reach);
    const Site wall = room.wall(number);
    if (room.walls.take(at_wall(wall, y, {0.3, size.width + 0.1, 0})))
      add_board(room, wall, y, size);
  }
}

void add_floor_and_ceiling(Interior& room) {
  const Vec3 middle = {room.design.length / 2, room.design.width / 2, 0};
  const Vec3 half = {middle.x + kThick, middle.y + kThick, kThick / 2};
  const Palette& palette = room.palette;
  room.parts.box({middle, {}}, {0, 0, -kThick / 2}, half,
                 surface(RoomClass::floor, palette.floor, palette.floor_texture, 0.1));
  room.parts.box({middle, {}}, {0, 0, room.design.height + kThick / 2}, half,
                 surface(RoomClass::ceiling, palette.ceiling));
}

// A pillar in a corner, or a beam below the ceiling.
void add_pillar(Interior& room, const Surface& paint) {
  const RoomDesign& design = room.design;
  const double size = room.draw.in(0.15, 0.3);
  if (room.draw.chance(0.5)) {
    const double x = room.draw.chance(0.5) ? size : design.length - size;
    const double y = room.draw.chance(0.5) ? size : design.width - size;
    if (!room.floor.take({{x, y}, {}, size, size})) return;
    room.parts.box({}, {x, y, design.height / 2}, {size, size, design.height / 2}, paint);
  } else {
    const double x = room.draw.in(0.2, 0.8) * design.length;
    room.parts.box({}, {x, design.width / 2, design.height - size / 2},
                   {size / 2, design.width / 2, size / 2}, paint);
  }
}

}  // namespace

void add_shell(Interior& room) {
  add_floor_and_ceiling(room);
  std::array<std::vector<Opening>, kWalls> holes;
  const int entrance = room.draw.whole(0, kWalls - 1);
  draw_opening(room, entrance, Hole::door, holes.at(static_cast<std::size_t>(entrance)));
  if (room.draw.chance(0.35)) {
    const int other = (entrance + room.draw.whole(1, kWalls - 1)) % kWalls;
    draw_opening(room, other, Hole::door, holes.at(static_cast<std::size_t>(other)));
  }
  const int windows = room.draw.whole(1, 4);
  const int outside = (entrance + room.draw.whole(1, 3)) % kWalls;
  for (int i = 0; i < windows; ++i) {  // most in one wall
    const int number = room.draw.chance(0.7) ? outside : (outside + 1) % kWalls;
    draw_opening(room, number, Hole::window, holes.at(static_cast<std::size_t>(number)));
  }
  hang_boards(room);
  for (int number = 0; number < kWalls; ++number) {
    const bool is_accent = number == (outside + 2) % kWalls;
    add_wall(room, number, holes.at(static_cast<std::size_t>(number)),
             surface(RoomClass::wall, is_accent ? room.palette.accent : room.palette.wall));
  }
  if (room.draw.chance(0.3)) add_pillar(room, surface(RoomClass::wall, room.palette.wall));
}

}  // namespace voxloom::rooms
