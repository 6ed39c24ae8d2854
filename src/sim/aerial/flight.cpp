// An airborne laser scanner: strips from either side, pulses with up to five returns, colours from photographs.
//
// A pulse goes on behind leaves, wires and poles, with what is left of it, and a part of it passes the edges of what the
// rest hits. The scanner tells apart what is some 80 cm from each other. A photograph shows the topmost thing: what lies
// below leaves has their colour.
#include <algorithm>
#include <optional>

#include "core/parallel.h"
#include "sim/aerial/land.h"
#include "sim/noise.h"

namespace voxloom::aerial {
namespace {

using street::mix;
using street::Pattern;

constexpr double kHalf = 40;         // of the tile's side, metres
constexpr double kAbove = 110;       // where rays begin: nothing stands as high
constexpr double kFootprint = 0.22;  // radius of a pulse on the ground
constexpr double kApart = 0.8;       // of returns that are told apart
constexpr std::size_t kMostReturns = 5;
constexpr std::int64_t kGrain = 256;
constexpr double kPositionSteps = 1024, kColourSteps = 255;

struct Echo {
  double t = 0;  // from the aim: below 0 above it
  Vec3 at, colour;
  double signal = 0;
  std::int32_t label = 0;
};

struct Strip {
  double aside = 0;  // of the aeroplane, from the tile's middle
  Vec3 offset;       // of what it measures, from the other strips
};

struct Return {
  std::array<float, 3> position, colour;
  float intensity;
  std::int32_t label;
  float number, of;
};

float stepped(double value, double steps) {
  return static_cast<float>(std::floor(value * steps + 0.5) / steps);
}

bool is_thin(const Hit& hit) {
  return hit.surface.label == LandClass::wire || hit.surface.label == LandClass::pole;
}

class Flight {
 public:
  Flight(const Land& land, const LandDesign& design, std::uint64_t seed)
      : land_(land), design_(design), seed_(seed) {
    Draw draw(mix(seed, 0));
    tile_ = Yaw::of(draw.in(0, 2 * street::kPi));
    sun_ = street::normalized({draw.in(-1, 1), draw.in(-1, 1), draw.in(0.7, 1.4)});
    for (const double side : {1.0, -1.0}) {
      const double aside = side * draw.in(0.12, 0.4) * design.altitude;
      const Vec3 off = {0.04 * draw.normal(), 0.04 * draw.normal(), 0.015 * draw.normal()};
      strips_.push_back({aside, off});
    }
    base_ = land.ground.height({0, 0});
    side_ = static_cast<std::int64_t>(2 * kHalf / design.spacing);
  }

  [[nodiscard]] std::int64_t pulses() const {
    return side_ * side_ * static_cast<std::int64_t>(strips_.size());
  }

  void fire(std::int64_t pulse, std::vector<Return>& to) const {
    Draw draw(mix(seed_, 1 + static_cast<std::uint64_t>(pulse)));
    const Strip& strip = strips_[static_cast<std::size_t>(pulse / (side_ * side_))];
    const std::int64_t in_strip = pulse % (side_ * side_);
    const auto place = [&](std::int64_t i) {
      return (static_cast<double>(i) + 0.5 + draw.in(-0.3, 0.3)) * design_.spacing - kHalf;
    };
    const double along = place(in_strip / side_), across = place(in_strip % side_);
    const Vec3 aim = to_world({along, across, base_});
    const Vec3 plane = to_world({along, strip.aside, base_ + design_.altitude});
    std::vector<Echo> echoes;
    follow(aim, plane, 1, draw, echoes);
    if (draw.chance(0.35)) {  // the part at the pulse's edge
      const Vec3 off = {draw.in(-kFootprint, kFootprint), draw.in(-kFootprint, kFootprint), 0};
      follow(aim + off, plane, 0.4, draw, echoes);
    }
    report(echoes, strip, draw, to);
  }

 private:
  [[nodiscard]] Vec3 to_world(const Vec3& p) const { return tile_.turn(p); }

  // All that one ray of a pulse meets on its way down.
  void follow(const Vec3& aim, const Vec3& plane, double energy, Draw& draw,
              std::vector<Echo>& echoes) const {
    constexpr double kDeepest = 60, kLeast = 0.25;
    const Vec3 direction = street::normalized(aim - plane);
    double t = -kAbove;
    for (std::size_t i = 0; i < kMostReturns && energy > kLeast; ++i) {
      const Ray ray = {aim + direction * t, direction, draw.seed()};
      const auto hit = nearest(land_, ray, kDeepest - t);
      if (!hit || hit->lost) return;
      t += hit->t;
      const bool is_foliage = hit->surface.pattern == Pattern::foliage;
      const bool goes_on = is_foliage || is_thin(*hit);
      const double held = is_foliage ? draw.in(0.3, 1) : draw.in(0.25, 0.75);
      const double share = goes_on ? held : 1;
      const double facing = std::clamp(-dot(hit->normal, direction), 0.0, 1.0);
      const Vec3 at = aim + direction * t;
      echoes.push_back({t, at, shaded(*hit, at),
                        energy * share * hit->surface.reflectance * (0.4 + 0.6 * facing),
                        hit->surface.label.number});
      if (!goes_on) return;
      energy *= 1 - share;
      t += kApart;
    }
  }

  // As a photograph from above shows it.
  [[nodiscard]] Vec3 shaded(const Hit& hit, const Vec3& at) const {
    const bool is_foliage = hit.surface.pattern == Pattern::foliage;
    const double sunny = is_foliage ? 0.75 : std::max(0.0, dot(hit.normal, sun_));
    const double grain =
        1 + (is_foliage ? 0.35 : 0.12) * street::value_noise(land_.seed, {at.x * 3, at.y * 3});
    const Vec3 plain = hit.surface.colour * ((0.5 + 0.55 * sunny) * grain);
    return plain * (1 - design_.haze) + Vec3{0.62, 0.66, 0.72} * design_.haze;
  }

  void report(std::vector<Echo>& echoes, const Strip& strip, Draw& draw,
              std::vector<Return>& to) const {
    std::ranges::stable_sort(echoes, {}, &Echo::t);
    std::vector<Echo> told;  // apart
    for (const Echo& echo : echoes) {
      const bool is_new = told.empty() || echo.t - told.back().t >= kApart;
      if (is_new && told.size() < kMostReturns) told.push_back(echo);
    }
    for (std::size_t i = 0; i < told.size(); ++i) {
      const Echo& echo = told[i];
      const Vec3 p = tile_.unturn(echo.at) + Vec3{0, 0, 0.02 * draw.normal() - base_};
      const Vec3 tint = {draw.normal(), draw.normal(), draw.normal()};
      const double heard = echo.signal * (1 + 0.1 * draw.normal());
      if (std::abs(p.x) > kHalf || std::abs(p.y) > kHalf) continue;
      const Vec3 measured = p + strip.offset, seen = told.front().colour + tint * 0.02;
      to.push_back({{stepped(measured.x, kPositionSteps), stepped(measured.y, kPositionSteps),
                     stepped(measured.z, kPositionSteps)},
                    {colour_step(seen.x), colour_step(seen.y), colour_step(seen.z)},
                    stepped(std::clamp(1.3 * heard, 0.01, 0.99), 100),
                    echo.label,
                    static_cast<float>(i + 1),
                    static_cast<float>(told.size())});
    }
  }

  [[nodiscard]] static float colour_step(double value) {
    return stepped(std::clamp(value, 0.0, 1.0), kColourSteps);
  }

  const Land& land_;
  const LandDesign& design_;
  std::uint64_t seed_;
  Yaw tile_;  // its sides in the world
  Vec3 sun_;
  std::vector<Strip> strips_;
  double base_ = 0;
  std::int64_t side_ = 0;  // pulses along one
};

LabelledScan collect(const Flight& flight) {
  const std::int64_t chunks = (flight.pulses() + kGrain - 1) / kGrain;
  std::vector<std::vector<Return>> all(static_cast<std::size_t>(chunks));
  parallel_for(chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      const std::int64_t last = std::min(flight.pulses(), (chunk + 1) * kGrain);
      for (std::int64_t pulse = chunk * kGrain; pulse < last; ++pulse) {
        flight.fire(pulse, all[static_cast<std::size_t>(chunk)]);
      }
    }
  });
  LabelledScan scan;
  scan.columns = {{"return_number", {}}, {"number_of_returns", {}}};
  for (const std::vector<Return>& some : all) {
    for (const Return& one : some) {
      scan.positions.push_back(one.position);
      scan.intensity.push_back(one.intensity);
      scan.labels.push_back(one.label);
      scan.colours.push_back(one.colour);
      scan.columns[0].values.push_back(one.number);
      scan.columns[1].values.push_back(one.of);
    }
  }
  return scan;
}

}  // namespace

LabelledScan scan_land(const sim::WorldOptions& options, Draw& draw) {
  const LandDesign design = draw_land(options, draw);
  const Land land = build_land(design, draw);
  return collect(Flight(land, design, draw.seed()));
}

}  // namespace voxloom::aerial
