// The ground: a rolling base, roads pressed into it behind kerbs, strips of grass and paving beside
// them, and land that rises or falls beyond.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/road.h"
#include "sim/shape.h"

namespace voxloom::street {

enum class Zone : std::uint8_t { road, verge, sidewalk, beyond };

struct GroundSpec {
  std::vector<Road> roads;
  double slope_x = 0, slope_y = 0;
  double roll = 0, roll_length = 80;  // height and wavelength of the base's waves
  double bank = 0, bank_width = 20;   // slope of the land beyond the sidewalk, and how far it goes
  double bumps = 0.04;                // of grass
  double asphalt = 0.28, paving = 0.33, grass = 0.35, paint = 0.7;
  std::uint64_t seed = 0;  // of bumps and stains
};

class Ground {
 public:
  explicit Ground(GroundSpec spec);

  struct Place {
    Zone zone = Zone::beyond;
    double excess = 0;           // metres beyond the nearest road's kerb; below 0 on the road
    const Road* road = nullptr;  // the nearest
    double aside = 0;            // from its centre line
  };
  [[nodiscard]] Place place(Vec2 p) const;
  [[nodiscard]] double height(Vec2 p) const { return height(p, place(p)); }
  [[nodiscard]] std::optional<Hit> nearest(const Ray& ray, double limit) const;
  [[nodiscard]] const GroundSpec& spec() const { return spec_; }

 private:
  [[nodiscard]] double base(Vec2 p) const;
  [[nodiscard]] double beyond(const Place& at, double past) const;
  [[nodiscard]] double height(Vec2 p, const Place& at) const;
  [[nodiscard]] double ceiling(Vec2 p, const Place& at) const;
  [[nodiscard]] Hit hit_at(const Ray& ray, double t) const;
  [[nodiscard]] double refine(const Ray& ray, double above, double below) const;
  [[nodiscard]] Vec3 normal(Vec2 p) const;
  void paint(const Place& at, Vec2 p, Surface& surface) const;

  GroundSpec spec_;
  double highest_kerb_ = 0, steepest_ = 0;
};

}  // namespace voxloom::street
