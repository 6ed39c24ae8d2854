#include "sim/rooms/materials.h"

#include <algorithm>
#include <array>

#include "sim/noise.h"

namespace voxloom::rooms {
namespace {

using street::value_noise;

// Birch, oak, walnut, white and black lacquer, grey.
constexpr std::array<Vec3, 6> kWoods = {{{0.76, 0.63, 0.46},
                                         {0.60, 0.45, 0.30},
                                         {0.36, 0.24, 0.17},
                                         {0.84, 0.83, 0.81},
                                         {0.12, 0.12, 0.13},
                                         {0.52, 0.50, 0.48}}};
constexpr std::array<Vec3, 7> kFabrics = {{{0.45, 0.45, 0.47},
                                           {0.20, 0.25, 0.38},
                                           {0.70, 0.63, 0.53},
                                           {0.50, 0.22, 0.18},
                                           {0.28, 0.38, 0.27},
                                           {0.13, 0.13, 0.14},
                                           {0.76, 0.74, 0.72}}};
constexpr std::array<Vec3, 6> kWallTones = {{{0.86, 0.86, 0.84},
                                             {0.87, 0.82, 0.71},
                                             {0.72, 0.73, 0.74},
                                             {0.66, 0.74, 0.81},
                                             {0.71, 0.79, 0.68},
                                             {0.85, 0.77, 0.60}}};
constexpr std::array<Vec3, 4> kCarpets = {
    {{0.40, 0.41, 0.43}, {0.26, 0.31, 0.42}, {0.62, 0.56, 0.48}, {0.45, 0.25, 0.22}}};
constexpr std::array<Vec3, 3> kTiles = {
    {{0.78, 0.77, 0.74}, {0.50, 0.50, 0.50}, {0.62, 0.45, 0.36}}};

constexpr double kTile = 0.45, kJoint = 0.012;  // metres

Vec3 clamped(const Vec3& colour) {
  const auto fit = [](double v) { return std::clamp(v, 0.02, 0.98); };
  return {fit(colour.x), fit(colour.y), fit(colour.z)};
}

void draw_floor(Palette& palette, Draw& draw) {
  constexpr std::array<double, 3> kKinds = {0.45, 0.3, 0.25};
  switch (draw.weighted(kKinds)) {
    case 0:
      palette.floor_texture = Texture::grain;
      palette.floor = near(draw.pick<Vec3>(kWoods), 0.1, draw);
      break;
    case 1:
      palette.floor_texture = Texture::speckle;
      palette.floor = near(draw.pick<Vec3>(kCarpets), 0.12, draw);
      break;
    default:
      palette.floor_texture = Texture::tiles;
      palette.floor = near(draw.pick<Vec3>(kTiles), 0.1, draw);
  }
}

double joints(Vec2 p) {
  const auto off = [](double v) {
    return std::abs(v / kTile - std::floor(v / kTile + 0.5)) * kTile;
  };
  return std::min(off(p.x), off(p.y)) < kJoint ? 0.65 : 1;
}

double brightness(Texture texture, Vec2 p, std::uint64_t seed) {
  switch (texture) {
    case Texture::plain: return 1 + 0.04 * value_noise(seed, p * 0.8);
    case Texture::grain:
      return 1 + 0.13 * value_noise(seed, {p.x * 1.3, p.y * 22}) +
             0.05 * value_noise(seed, p * 0.7);
    case Texture::tiles: return joints(p) * (1 + 0.05 * value_noise(seed, p * (1 / kTile)));
    case Texture::speckle: break;
  }
  return 1 + 0.16 * value_noise(seed, p * 45) + 0.06 * value_noise(seed, p);
}

}  // namespace

Vec3 near(const Vec3& colour, double spread, Draw& draw) {
  const double bright = 1 + draw.in(-spread, spread);
  const Vec3 tint = {draw.in(-spread, spread), draw.in(-spread, spread), draw.in(-spread, spread)};
  return clamped(colour * bright + tint * 0.3);
}

Vec3 any_colour(Draw& draw) {
  const Vec3 hue = {draw.in(0.1, 0.9), draw.in(0.1, 0.9), draw.in(0.1, 0.9)};
  const double grey = (hue.x + hue.y + hue.z) / 3, pale = draw.unit();
  return hue * (1 - pale) + Vec3{grey, grey, grey} * pale;
}

Palette draw_palette(Draw& draw) {
  Palette palette;
  palette.wood = near(draw.pick<Vec3>(kWoods), 0.1, draw);
  palette.other_wood = near(draw.pick<Vec3>(kWoods), 0.1, draw);
  palette.fabric = near(draw.pick<Vec3>(kFabrics), 0.15, draw);
  palette.other_fabric = near(draw.pick<Vec3>(kFabrics), 0.15, draw);
  palette.wall = near(draw.pick<Vec3>(kWallTones), 0.07, draw);
  palette.accent = draw.chance(0.3) ? any_colour(draw) : palette.wall;
  palette.ceiling = draw.chance(0.75) ? near(kWallTones[0], 0.05, draw) : palette.wall;
  const double metal = draw.chance(0.5) ? draw.in(0.08, 0.2) : draw.in(0.5, 0.8);
  palette.metal = {metal, metal, metal};
  draw_floor(palette, draw);
  return palette;
}

Surface surface(RoomClass label, const Vec3& colour, Texture texture, double gloss) {
  return {.label = label,
          .reflectance = 0.1 + 0.75 * (colour.x + colour.y + colour.z) / 3,
          .gloss = gloss,
          .colour = colour,
          .texture = texture};
}

Surface wooden(RoomClass label, const Palette& palette, Draw& draw) {
  const Vec3& tone = draw.chance(0.65) ? palette.wood : palette.other_wood;
  return surface(label, near(tone, 0.08, draw), Texture::grain, 0.1);
}

Surface padded(RoomClass label, const Palette& palette, Draw& draw) {
  const Vec3& tone = draw.chance(0.65) ? palette.fabric : palette.other_fabric;
  return surface(label, near(tone, 0.08, draw), Texture::speckle, 0);
}

Surface metallic(RoomClass label, const Palette& palette, Draw& draw) {
  return surface(label, near(palette.metal, 0.06, draw), Texture::plain, 0.3);
}

Vec3 colour_at(const Surface& surface, const Vec3& at, const Vec3& normal, std::uint64_t seed) {
  const bool lies = std::abs(normal.z) > 0.7;
  const Vec2 p = lies ? Vec2{at.x, at.y} : Vec2{at.x + at.y, at.z};
  return surface.colour * brightness(surface.texture, p, seed);
}

}  // namespace voxloom::rooms
