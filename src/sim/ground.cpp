// Rays walk: a step is never longer than what the steepest ground could rise in it. The kerbs' jumps
// have no slope; below a surface that lies as high as the kerbs everywhere, steps are short and the
// crossing is halved down.
#include "sim/ground.h"

#include <algorithm>
#include <limits>

#include "sim/noise.h"

namespace voxloom::street {
namespace {

constexpr double kCamber = 0.02;  // a road's fall from its middle to the kerb
constexpr double kSidewalkFall = 0.015;
constexpr double kCorner = 5;       // radius at which kerbs of two roads meet, about
constexpr double kFineStep = 0.12;  // metres over the ground

}  // namespace

Ground::Ground(GroundSpec spec) : spec_(std::move(spec)) {
  for (const Road& road : spec_.roads) highest_kerb_ = std::max(highest_kerb_, road.kerb);
  const double waves = 2 * spec_.roll * 2 * kPi / spec_.roll_length;
  steepest_ = std::abs(spec_.slope_x) + std::abs(spec_.slope_y) + waves +
              std::max(std::abs(spec_.bank), kCamber) + 0.01;
}

double Ground::base(Vec2 p) const {
  const double k = 2 * kPi / spec_.roll_length;
  return spec_.slope_x * p.x + spec_.slope_y * p.y +
         spec_.roll * (sine(k * p.x + 1) + sine(k * (0.6 * p.y - 0.5 * p.x)));
}

Ground::Place Ground::place(Vec2 p) const {
  Place best{.excess = std::numeric_limits<double>::infinity()};
  double joined = best.excess;
  for (const Road& road : spec_.roads) {
    const double aside = road.line.aside(p);
    double excess = std::abs(aside) - road.half_width;
    if (road.begins) excess = std::max(excess, -road.line.ahead(p));
    // A smooth minimum rounds the corners where roads meet.
    const double reach = std::max(0.0, kCorner - std::abs(joined - excess)) / kCorner;
    const double smooth = joined < 1e6 ? reach * reach * kCorner / 4 : 0;
    joined = std::min(joined, excess) - smooth;
    if (excess < best.excess) best = {Zone::beyond, excess, &road, aside};
  }
  best.excess = joined;
  if (joined < 0) {
    best.zone = Zone::road;
  } else if (joined < best.road->verge) {
    best.zone = Zone::verge;
  } else if (joined < best.road->strip()) {
    best.zone = Zone::sidewalk;
  }
  return best;
}

// The land's height over the sidewalk's far edge, `past` metres away from it.
double Ground::beyond(const Place& /*at*/, double past) const {
  return spec_.bank * std::min(past, spec_.bank_width);
}

double Ground::height(Vec2 p, const Place& at) const {
  if (at.zone == Zone::road) return base(p) - kCamber * std::max(at.excess, -5.0);
  const double strip = std::min(at.excess, at.road->strip());
  const double past = std::max(0.0, at.excess - at.road->strip());
  return base(p) + at.road->kerb + kSidewalkFall * strip + beyond(at, past);
}

// At least as high as the ground, and without jumps.
double Ground::ceiling(Vec2 p, const Place& at) const {
  return at.zone == Zone::road ? height(p, at) + highest_kerb_
                               : height(p, at) + highest_kerb_ - at.road->kerb;
}

double Ground::refine(const Ray& ray, double above, double below) const {
  for (int i = 0; i < 12; ++i) {
    const double t = (above + below) / 2;
    const Vec3 at = ray.origin + ray.direction * t;
    (at.z > height({at.x, at.y}) ? above : below) = t;
  }
  return below;
}

std::optional<Hit> Ground::nearest(const Ray& ray, double limit) const {
  const double flat = std::sqrt(std::max(0.0, 1 - ray.direction.z * ray.direction.z));
  double above = 0, t = 0;
  while (t < limit) {
    const Vec3 at = ray.origin + ray.direction * t;
    const Vec2 p = {at.x, at.y};
    const Place place_here = place(p);
    if (at.z <= height(p, place_here)) return hit_at(ray, refine(ray, above, t));
    above = t;
    const double gap = at.z - ceiling(p, place_here);
    const double closing = steepest_ * flat - ray.direction.z;
    if (gap > 0 && closing <= 0) return std::nullopt;  // it rises faster than any ground
    const double fine = kFineStep / std::max(flat, 0.3);
    t += gap > 0 ? std::max(gap / closing, fine) : fine;
  }
  return std::nullopt;
}

Vec3 Ground::normal(Vec2 p) const {
  // Of the base alone: what a pulse some centimetres wide sees of bumps and kerbs is noise.
  constexpr double kStep = 0.2;
  const double here = base(p);
  return normalized(
      {-(base({p.x + kStep, p.y}) - here) / kStep, -(base({p.x, p.y + kStep}) - here) / kStep, 1});
}

// Lines along the lanes, dashed in the middle.
void Ground::paint(const Place& at, Vec2 p, Surface& surface) const {
  if (at.excess > -0.25 || at.road->lanes < 2) return;
  const double lane = 2 * at.road->half_width / at.road->lanes;
  const double place = at.aside + at.road->half_width;
  const double off = std::abs(place - lane * std::floor(place / lane + 0.5));
  const double dash = at.road->line.ahead(p) / 9;
  if (off < 0.07 && dash - std::floor(dash) < 0.4) surface.reflectance = spec_.paint;
}

Hit Ground::hit_at(const Ray& ray, double t) const {
  const Vec3 at = ray.origin + ray.direction * t;
  const Vec2 p = {at.x, at.y};
  const Place here = place(p);
  Hit hit{.t = t, .normal = normal(p), .surface = {.label = StreetClass::road}};
  const double stain =
      value_noise(spec_.seed, p * 0.4) * 0.6 + value_noise(spec_.seed, p * 3) * 0.4;
  const bool grass =
      here.zone == Zone::verge || (here.zone == Zone::beyond && !here.road->paved_beyond);
  if (here.zone == Zone::road) {
    hit.surface = {.label = StreetClass::road, .reflectance = spec_.asphalt * (1 + 0.15 * stain)};
    paint(here, p, hit.surface);
  } else if (!grass) {
    hit.surface = {.label = StreetClass::sidewalk,
                   .reflectance = spec_.paving * (1 + 0.12 * stain)};
  } else {
    hit.surface = {.label = StreetClass::terrain, .reflectance = spec_.grass * (1 + 0.3 * stain)};
    const double bump = value_noise(spec_.seed + 1, p * 1.5) + value_noise(spec_.seed + 2, p * 5);
    hit.t -= spec_.bumps * bump / (std::abs(ray.direction.z) + 0.12);
  }
  // A kerb's face looks at the road.
  if (here.zone != Zone::road && here.excess < 0.03) hit.normal = ray.direction * -1.0;
  return hit;
}

}  // namespace voxloom::street
