// A street's things put together from shapes. Each is built in a frame of its own (x forward, z up,
// the ground at 0) that stands at a site.
#pragma once

#include <span>
#include <vector>

#include "data/draw.h"
#include "sim/shape.h"

namespace voxloom::street {

struct Site {
  Vec3 at;
  Yaw yaw;
  [[nodiscard]] Vec3 point(const Vec3& p) const { return at + yaw.turn(p); }
};

// The outline of a hull seen from its right side, counter-clockwise: x forward, z up.
struct Profile {
  std::vector<Vec2> corners;
  std::vector<bool> glass = {};  // of the edge that begins at a corner; none: no glass
  double bottom_half_width = 1, top_half_width = 1;
  bool glass_sides = false;
};

class Parts {
 public:
  void box(const Site& site, const Vec3& center, const Vec3& half, const Surface& surface);
  void ellipsoid(const Site& site, const Vec3& center, const Vec3& half, const Surface& surface);
  void cylinder(const Site& site, const Vec3& from, const Vec3& to, double radius,
                const Surface& surface);
  void hull(const Site& site, const Profile& profile, const Surface& surface);

  [[nodiscard]] std::vector<Shape> take_shapes() { return std::move(shapes_); }
  [[nodiscard]] std::vector<Plane> take_planes() { return std::move(planes_); }

 private:
  std::vector<Shape> shapes_;
  std::vector<Plane> planes_;
};

// Length and width of what was built, for whoever keeps things apart.
struct Footprint {
  double length = 0, width = 0;
};

enum class CarBody : std::uint8_t { hatchback, sedan, estate, offroad, minivan };
enum class VanBody : std::uint8_t { transporter, high_roof, box_truck, bus };

Footprint add_car(Parts& parts, const Site& site, CarBody body, Draw& draw);
Footprint add_van(Parts& parts, const Site& site, VanBody body, Draw& draw);
void add_pedestrian(Parts& parts, const Site& site, Draw& draw);
void add_cyclist(Parts& parts, const Site& site, Draw& draw);

void add_tree(Parts& parts, const Site& site, double size, Draw& draw);  // size: 0 small to 1 large
void add_bush(Parts& parts, const Site& site, double size, Draw& draw);

void add_lamp(Parts& parts, const Site& site, Draw& draw);
void add_mast(Parts& parts, const Site& site, Draw& draw);  // a bare, tall pole
void add_traffic_light(Parts& parts, const Site& site, Draw& draw);
void add_sign(Parts& parts, const Site& site, Draw& draw);
void add_bollard(Parts& parts, const Site& site, Draw& draw);

// A piece of fence or hedge along x, `length` long.
enum class FenceKind : std::uint8_t { wall, boards, bars, mesh, hedge };
struct FenceStyle {
  FenceKind kind = FenceKind::wall;
  double height = 1, reflectance = 0.3;
};
void add_fence(Parts& parts, const Site& site, double length, const FenceStyle& style, Draw& draw);

struct BuildingStyle {
  double floors = 2, window = 1;  // floors; a window's width
  double reflectance = 0.35;
  bool gable = true;
};
// Its front looks along +x; `size` is depth and width.
void add_building(Parts& parts, const Site& site, const Footprint& size, const BuildingStyle& style,
                  Draw& draw);

}  // namespace voxloom::street
