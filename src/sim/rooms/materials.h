// What things in rooms are made of. A room has a few tones that most of its things share.
#pragma once

#include "data/draw.h"
#include "sim/rooms/room_classes.h"
#include "sim/shape.h"

namespace voxloom::rooms {

using street::Draw;
using street::Surface;
using street::Texture;
using street::Vec2;
using street::Vec3;

struct Palette {
  Vec3 wood, other_wood, fabric, other_fabric, wall, accent, ceiling, floor, metal;
  Texture floor_texture = Texture::grain;
};
[[nodiscard]] Palette draw_palette(Draw& draw);

// About this colour, brighter or darker and with another tint by up to `spread`.
[[nodiscard]] Vec3 near(const Vec3& colour, double spread, Draw& draw);
[[nodiscard]] Vec3 any_colour(Draw& draw);  // of books, cushions, boxes

[[nodiscard]] Surface surface(RoomClass label, const Vec3& colour, Texture texture = Texture::plain,
                              double gloss = 0.05);
[[nodiscard]] Surface wooden(RoomClass label, const Palette& palette, Draw& draw);
[[nodiscard]] Surface padded(RoomClass label, const Palette& palette, Draw& draw);  // with fabric
[[nodiscard]] Surface metallic(RoomClass label, const Palette& palette, Draw& draw);

// The colour at a point of a surface.
[[nodiscard]] Vec3 colour_at(const Surface& surface, const Vec3& at, const Vec3& normal,
                             std::uint64_t seed);

}  // namespace voxloom::rooms
