// Which furniture stands where. Everything stands where nothing else does.
#include <array>

#include "sim/rooms/interior.h"

namespace voxloom::rooms {
namespace {

constexpr int kTries = 30;
constexpr double kGap = 0.02;  // between furniture and wall

struct Placed {
  Site site;
  int wall;
};

// With its back at some wall; high pieces keep away from windows and doors.
std::optional<Placed> stand_at_wall(Interior& room, const Extent& size) {
  for (int i = 0; i < kTries; ++i) {
    const int number = room.draw.whole(0, kWalls - 1);
    const double reach = room.wall_length(number) / 2 - size.width / 2 - 0.03;
    if (reach <= 0) continue;
    const double y = room.draw.in(-reach, reach);
    const Site wall = room.wall(number);
    const bool is_high = size.height > 1.05;
    const Rectangle above = at_wall(wall, y, {0.25, size.width, 0});
    if (is_high && !room.walls.free(above)) continue;
    if (!room.floor.take(at_wall(wall, y, {size.depth + 0.08, size.width + 0.04, 0}))) continue;
    if (is_high) static_cast<void>(room.walls.take(above));
    return Placed{{wall.point({kGap, y, 0}), wall.yaw}, number};
  }
  return std::nullopt;
}

// Anywhere, turned anyhow.
std::optional<Site> stand_free(Interior& room, const Extent& size, double turn) {
  const double margin = 0.1 + std::max(size.depth, size.width) / 2;
  if (2 * margin >= std::min(room.design.length, room.design.width)) return std::nullopt;
  for (int i = 0; i < kTries; ++i) {
    const Vec3 at = {room.draw.in(margin, room.design.length - margin),
                     room.draw.in(margin, room.design.width - margin), 0};
    const Yaw yaw = Yaw::of(turn);
    if (room.floor.take({{at.x, at.y}, yaw, size.depth / 2, size.width / 2})) return Site{at, yaw};
  }
  return std::nullopt;
}

// In front of another piece.
std::optional<Site> stand_before(Interior& room, const Site& piece, const Vec3& at,
                                 const Extent& size) {
  const Site site = {piece.point(at), piece.yaw};
  const Vec3 low = {size.width / 2, size.width / 2, 0};
  const auto inside = [](double v, double from, double to) { return v > from && v < to; };
  if (!inside(site.at.x, low.x, room.design.length - low.x)) return std::nullopt;
  if (!inside(site.at.y, low.y, room.design.width - low.y)) return std::nullopt;
  if (!room.floor.take({{site.at.x, site.at.y}, site.yaw, size.depth / 2, size.width / 2})) {
    return std::nullopt;
  }
  return site;
}

int some(Interior& room, double most) {
  const double count = most * room.design.things * room.draw.in(0.6, 1.4);
  return static_cast<int>(count + room.draw.unit());
}

ChairKind draw_chair(Interior& room) {
  constexpr std::array<double, 3> kKinds = {0.5, 0.35, 0.15};
  constexpr std::array<ChairKind, 3> kOf = {ChairKind::plain, ChairKind::padded, ChairKind::stool};
  return kOf.at(room.draw.weighted(kKinds));
}

// A chair at the side of a table, facing it or turned away a little.
void pull_up(Interior& room, const Site& table, const Vec3& at, double turn, ChairKind kind) {
  const Yaw yaw = table.yaw.then(Yaw::of(turn + room.draw.in(-0.35, 0.35)));
  const Vec3 where = table.point(at);
  constexpr double kEdge = 0.28;
  if (where.x < kEdge || where.x > room.design.length - kEdge) return;
  if (where.y < kEdge || where.y > room.design.width - kEdge) return;
  if (room.floor.take({{where.x, where.y}, yaw, 0.2, 0.22})) {
    add_chair(room.making(), {where, yaw}, kind);
  }
}

void seat(Interior& room, const Site& table, const Extent& size, ChairKind kind) {
  const int along = std::max(1, static_cast<int>(size.width / 0.65));
  for (int i = 0; i < along; ++i) {
    for (const double side : {1.0, -1.0}) {
      if (!room.draw.chance(0.85)) continue;
      const double away = size.depth / 2 + room.draw.in(0.22, 0.5);
      const double y = size.width * ((i + 0.5) / along - 0.5);
      pull_up(room, table, {side * away, y, 0}, side > 0 ? street::kPi : 0, kind);
    }
  }
}

void clutter_on(Interior& room, const Site& site, const Extent& size, double most) {
  const Extent top = {size.depth * 0.8, size.width * 0.85, size.height};
  const int count = some(room, most);
  add_small_things(room.making(), site, top, count);
}

// A table with chairs around it, large in a meeting room.
void add_dining_group(Interior& room, double longest) {
  const Extent size = {room.draw.in(0.75, 1.1), room.draw.in(1.1, longest),
                       room.draw.in(0.7, 0.77)};
  const bool along = room.design.length > room.design.width;
  const auto site = stand_free(room, size, along ? street::kPi / 2 : 0);
  if (!site) return;
  const bool round = size.width < 1.3;
  const Extent used = round ? Extent{1, 1, size.height} : size;
  round ? add_round_table(room.making(), *site, 0.5, size.height)
        : add_table(room.making(), *site, size);
  clutter_on(room, *site, {used.depth * 0.6, used.width * 0.8, size.height}, 6);
  seat(room, *site, used, draw_chair(room));
  if (room.draw.chance(0.4)) {
    const Vec3 lamp = {site->at.x, site->at.y, room.design.height - room.draw.in(0.6, 1.1)};
    add_pendant(room.making(), lamp, room.design.height);
    room.lamps.push_back(lamp);
  }
}

void add_sitting_group(Interior& room) {
  const Extent size = {room.draw.in(0.8, 1), room.draw.in(1.4, 2.3), room.draw.in(0.7, 0.9)};
  const auto sofa = stand_at_wall(room, size);
  if (!sofa) return;
  add_sofa(room.making(), sofa->site, size);
  const Extent low = {room.draw.in(0.45, 0.65), room.draw.in(0.6, 1.2), room.draw.in(0.32, 0.48)};
  if (const auto table =
          stand_before(room, sofa->site, {size.depth + 0.35 + low.depth / 2, 0, 0}, low)) {
    add_table(room.making(), *table, low);
    clutter_on(room, *table, low, 4);
  }
}

void add_armchair(Interior& room) {
  const Extent size = {room.draw.in(0.75, 0.9), room.draw.in(0.75, 0.95), room.draw.in(0.7, 0.95)};
  const auto site = stand_free(room, size, room.draw.in(0, 6.28));
  if (!site) return;
  add_sofa(room.making(), {site->point({-size.depth / 2, 0, 0}), site->yaw}, size);
}

void add_shelf(Interior& room) {
  const bool is_open = room.draw.chance(0.6);
  const Extent size = {room.draw.in(0.25, is_open ? 0.36 : 0.6), room.draw.in(0.6, 1.6),
                       room.draw.chance(0.65) ? room.draw.in(1.5, 2.15) : room.draw.in(0.6, 1.0)};
  const auto shelf = stand_at_wall(room, size);
  if (!shelf) return;
  is_open ? add_bookcase(room.making(), shelf->site, size)
          : add_cupboard(room.making(), shelf->site, size);
  const Site middle = {shelf->site.point({size.depth / 2, 0, 0}), shelf->site.yaw};
  if (size.height < 1.1) clutter_on(room, middle, size, 4);
  if (size.height < 1.1 && room.draw.chance(0.4)) {
    add_table_lamp(room.making(), {middle.point({0, 0, size.height}), middle.yaw});
  }
}

void add_workplace(Interior& room) {
  const Extent size = {room.draw.in(0.65, 0.85), room.draw.in(1.2, 1.8), room.draw.in(0.7, 0.76)};
  const auto desk = stand_at_wall(room, size);
  if (!desk) return;
  add_desk(room.making(), desk->site, size);
  const auto on_desk = [&](double x, double y) {
    return Site{desk->site.point({x, y, size.height}), desk->site.yaw};
  };
  const double side = room.draw.in(-0.2, 0.2) * size.width;
  if (room.draw.chance(0.8)) add_monitor(room.making(), on_desk(0.22, side));
  if (room.draw.chance(0.45)) add_table_lamp(room.making(), on_desk(0.15, 0.42 * size.width));
  clutter_on(room, {desk->site.point({size.depth / 2, 0, 0}), desk->site.yaw}, size, 5);
  const double away = size.depth + room.draw.in(0.15, 0.5);
  const ChairKind kind = room.draw.chance(0.7) ? ChairKind::office : draw_chair(room);
  pull_up(room, desk->site, {away, side, 0}, street::kPi, kind);
}

void add_sleeping_place(Interior& room) {
  const Extent size = {room.draw.in(1.95, 2.1), room.draw.in(0.9, 1.8), room.draw.in(0.42, 0.6)};
  const auto bed = stand_at_wall(room, size);
  if (!bed) return;
  add_bed(room.making(), bed->site, size);
  for (const double side : {1.0, -1.0}) {
    const Extent stand = {0.4, 0.45, room.draw.in(0.4, 0.58)};
    const Vec3 at = {0.25, side * (size.width / 2 + 0.3), 0};
    const auto table = stand_before(room, bed->site, at, stand);
    if (!table || !room.draw.chance(0.8)) continue;
    add_table(room.making(), *table, stand);
    if (room.draw.chance(0.6)) {
      add_table_lamp(room.making(), {table->point({0, 0, stand.height}), table->yaw});
    }
  }
}

void add_loose_things(Interior& room) {
  const int count = 1 + some(room, 7);
  for (int i = 0; i < count; ++i) {
    const auto site = stand_free(room, {0.45, 0.45, 0}, room.draw.in(0, 6.28));
    if (!site) continue;
    switch (room.draw.whole(0, 4)) {
      case 0: add_plant(room.making(), *site); break;
      case 1: add_bin(room.making(), *site); break;
      case 2: add_floor_lamp(room.making(), *site); break;
      case 3: add_chair(room.making(), *site, draw_chair(room)); break;
      default: add_box(room.making(), *site);
    }
  }
}

// The floor of another colour.
void add_rug(Interior& room) {
  const Vec3 half = {room.draw.in(0.6, 1.2), room.draw.in(0.8, 1.5), 0.006};
  const Vec3 at = {room.design.length * room.draw.in(0.35, 0.65), room.design.width / 2, half.z};
  room.parts.box({}, at, half,
                 surface(RoomClass::floor, any_colour(room.draw), Texture::speckle, 0));
}

}  // namespace

void add_main_furniture(Interior& room) {
  switch (room.design.kind) {
    case RoomKind::living:
      add_sitting_group(room);
      if (room.draw.chance(0.6)) add_dining_group(room, 1.8);
      if (room.draw.chance(0.4)) add_sitting_group(room);
      break;
    case RoomKind::bedroom:
      add_sleeping_place(room);
      if (room.draw.chance(0.3)) add_sleeping_place(room);
      if (room.draw.chance(0.6)) add_workplace(room);
      break;
    case RoomKind::office: {
      const int desks = 1 + some(room, 4);
      for (int i = 0; i < desks; ++i) add_workplace(room);
      if (room.draw.chance(0.25)) add_sitting_group(room);
      break;
    }
    case RoomKind::meeting: add_dining_group(room, 3.2); break;
  }
}

void furnish(Interior& room) {
  const int shelves = 1 + some(room, 3);
  for (int i = 0; i < shelves; ++i) add_shelf(room);
  const bool is_home =
      room.design.kind == RoomKind::living || room.design.kind == RoomKind::bedroom;
  const int armchairs = some(room, is_home ? 1.6 : 0.6);
  for (int i = 0; i < armchairs; ++i) add_armchair(room);
  if (is_home && room.draw.chance(0.5)) add_rug(room);
  add_loose_things(room);
}

}  // namespace voxloom::rooms
