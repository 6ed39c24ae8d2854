#include "sim/aerial/land.h"

#include <algorithm>
#include <array>
#include <bit>

#include "sim/aerial/power_line.h"
#include "sim/noise.h"

namespace voxloom::aerial {
namespace {

using street::mix;
using street::Pattern;
using street::Shape;
using street::value_noise;

// Held-out land is flown over higher and lower, in other seasons and weather; its streets are those of their split.
constexpr LandRanges kTrain = {
    .spacing = {0.45, 0.65}, .altitude = {400, 700}, .season = {0, 0.5}, .haze = {0.05, 0.2}};
constexpr LandRanges kHeldOut = {
    .spacing = {0.4, 0.75}, .altitude = {300, 900}, .season = {0, 0.7}, .haze = {0, 0.3}};

constexpr std::array<Vec3, 5> kRoofs = {{{0.55, 0.27, 0.20},
                                         {0.40, 0.24, 0.19},
                                         {0.33, 0.33, 0.35},
                                         {0.50, 0.49, 0.47},
                                         {0.20, 0.20, 0.22}}};
constexpr std::array<Vec3, 4> kFacades = {
    {{0.74, 0.72, 0.67}, {0.68, 0.58, 0.44}, {0.50, 0.30, 0.24}, {0.55, 0.55, 0.56}}};

constexpr double kLow = 2;  // metres: the crown of what is lower is low vegetation

Vec3 blend(const Vec3& a, const Vec3& b, double share) { return a * (1 - share) + b * share; }

Vec3 leaves(double season, Draw& draw) {
  const Vec3 green = {draw.in(0.16, 0.3), draw.in(0.3, 0.42), draw.in(0.12, 0.22)};
  const Vec3 yellow = {draw.in(0.4, 0.6), draw.in(0.3, 0.42), draw.in(0.1, 0.2)};
  return blend(green, yellow, std::min(1.0, season * 2 * draw.unit()));
}

Vec3 car_paint(double reflectance, Draw& draw) {
  const Vec3 grey = Vec3{1, 1, 1} * std::min(0.9, 0.06 + 1.1 * reflectance);
  const Vec3 hue = {draw.in(0.05, 0.7), draw.in(0.05, 0.5), draw.in(0.05, 0.7)};
  return draw.chance(0.35) ? hue : grey;
}

// What a street's shape is from above, and its colour. Shapes of one thing have one reflectance: so they get one colour.
void repaint(Shape& shape, const street::Ground& ground, double season, std::uint64_t seed) {
  Surface& surface = shape.surface;
  Draw draw(mix(seed, std::bit_cast<std::uint64_t>(surface.reflectance)));
  const bool is_foliage = surface.pattern == Pattern::foliage;
  switch (static_cast<StreetClass>(surface.label.number)) {
    case StreetClass::building:
      surface.label = LandClass::roof;
      surface.colour =
          surface.pattern == Pattern::facade ? draw.pick<Vec3>(kFacades) : draw.pick<Vec3>(kRoofs);
      surface.colour = surface.colour * draw.in(0.8, 1.2);
      break;
    case StreetClass::vegetation: {
      const double foot = ground.height({shape.center.x, shape.center.y});
      const bool is_low = is_foliage && shape.center.z + shape.half.z - foot < kLow;
      surface.label = is_low ? LandClass::low_vegetation : LandClass::tree;
      surface.colour = is_foliage ? leaves(season, draw) : Vec3{0.3, 0.24, 0.18};
      break;
    }
    case StreetClass::car:
    case StreetClass::van:
      surface.label = LandClass::car;
      surface.colour = car_paint(surface.reflectance, draw);
      break;
    case StreetClass::pole:
    case StreetClass::sign:
      surface.label = LandClass::pole;
      surface.colour = Vec3{0.45, 0.46, 0.47} * draw.in(0.6, 1.3);
      break;
    default:  // fences
      surface.label = LandClass::wall;
      surface.colour = draw.pick<Vec3>(kFacades) * draw.in(0.7, 1.1);
  }
}

// Of the ground, whose reflectance has its stains already.
Vec3 ground_colour(const Land& land, const Hit& hit, const Vec3& at) {
  if (hit.surface.label != StreetClass::terrain) {
    return Vec3{1, 0.99, 0.97} * (0.12 + 0.95 * hit.surface.reflectance);
  }
  const double dry = 0.5 + 0.5 * value_noise(land.seed, Vec2{at.x, at.y} * 0.08);
  const Vec3 lawn = {0.27, 0.38, 0.18}, bare = {0.47, 0.40, 0.28};
  return blend(lawn, bare, std::clamp(dry * (0.4 + land.season), 0.0, 1.0)) *
         (0.6 + hit.surface.reflectance);
}

}  // namespace

const LandRanges& ranges_of(sim::Split split) {
  return split == sim::Split::train ? kTrain : kHeldOut;
}

LandDesign draw_land(const sim::WorldOptions& options, Draw& draw) {
  const LandRanges& ranges = ranges_of(options.split);
  LandDesign design;
  design.street = street::draw_design({.split = options.split}, draw);
  design.spacing = draw.in(ranges.spacing);
  design.altitude = draw.in(ranges.altitude);
  design.season = draw.in(ranges.season);
  design.haze = draw.in(ranges.haze);
  return design;
}

Land build_land(const LandDesign& design, Draw& draw) {
  street::Ground ground(draw_ground(design.street, draw));
  street::Parts town, line;
  street::Stage stage = {design.street, ground, town, {}, draw};
  const auto& roads = ground.spec().roads;
  for (const street::Road& road : roads) add_vehicles(stage, road);
  for (const street::Road& road : roads) add_lots(stage, road);
  if (draw.chance(0.9)) add_power_line(stage, line);
  for (const street::Road& road : roads) add_furniture(stage, road);
  for (const street::Road& road : roads) add_plants(stage, road);
  const std::uint64_t seed = draw.seed();
  std::vector<Shape> shapes = town.take_shapes();
  for (Shape& shape : shapes) repaint(shape, ground, design.season, seed);
  const std::vector<Shape> wires = line.take_shapes();
  shapes.insert(shapes.end(), wires.begin(), wires.end());
  return {std::move(ground), street::ShapeTree(std::move(shapes), town.take_planes()),
          design.season, seed};
}

std::optional<Hit> nearest(const Land& land, const Ray& ray, double limit) {
  constexpr double kSteep = 0.3;  // upward part of a normal below which a building shows a wall
  std::optional<Hit> hit = land.shapes.nearest(ray, limit);
  if (auto ground = land.ground.nearest(ray, hit ? hit->t : limit)) {
    ground->surface.colour = ground_colour(land, *ground, ray.origin + ray.direction * ground->t);
    ground->surface.label = LandClass::ground;
    return ground;
  }
  if (hit && hit->surface.label == LandClass::roof && hit->normal.z < kSteep) {
    hit->surface.label = LandClass::wall;
  }
  return hit;
}

}  // namespace voxloom::aerial
