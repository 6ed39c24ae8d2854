#include "sim/rooms/scanner.h"

#include <algorithm>
#include <optional>

#include "sim/cast_rays.h"

namespace voxloom::rooms {
namespace {

using street::cosine;
using street::kPi;
using street::mix;
using street::sine;

constexpr double kPositionStep = 1.0 / 1024;
constexpr double kColourNoise = 0.025;

struct Pose {
  Vec3 at;
  Yaw heading, pitch;
  [[nodiscard]] Vec3 to_world(const Vec3& v) const {
    const Vec2 zx = pitch.turn(Vec2{v.z, v.x});
    return heading.turn(Vec3{zx.y, v.y, zx.x});
  }
};

struct Device {
  std::vector<Vec3> directions;      // of a pose's rays, x ahead
  double nearest = 0.4, range = 20;  // metres
  double noise = 0.002;              // standard deviation of a range, metres
  double noise_per_square = 0;       // and for each square metre of the range's square
  double drop_out = 0.01;
  bool has_intensity = true;
};

// Where a sensor was, and where it believes that it was.
struct Station {
  Pose pose, measured;
  double exposure = 1;
};

struct Seen {
  std::array<float, 3> position, colour;
  float intensity;
  std::int32_t label;
};

float stepped(double value, double steps) {
  return static_cast<float>(std::floor(value * steps + 0.5) / steps);
}

// Rows of even steps in angle, thinned towards the poles so that all solid angles have as many rays.
Device terrestrial_scanner() {
  constexpr double kStep = 0.9 * kPi / 180, kLowest = -62 * kPi / 180;
  Device device;
  for (double up = kLowest; up < kPi / 2; up += kStep) {
    const int columns = std::max(1, static_cast<int>(2 * kPi / kStep * cosine(up)));
    for (int i = 0; i < columns; ++i) {
      const Yaw turn = Yaw::of(2 * kPi * i / columns);
      device.directions.push_back(turn.turn(Vec3{cosine(up), 0, sine(up)}));
    }
  }
  device.noise = 0.003;
  return device;
}

Device depth_camera() {
  constexpr int kColumns = 88, kRows = 66;
  constexpr double kFocal = 76;  // pixels: 60 degrees wide
  Device device = {.directions = {},
                   .nearest = 0.35,
                   .range = 5,
                   .noise = 0.001,
                   .noise_per_square = 0.0019,
                   .drop_out = 0.03,
                   .has_intensity = false};
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      device.directions.push_back(street::normalized(
          {1, (kColumns / 2 - 0.5 - column) / kFocal, (kRows / 2 - 0.5 - row) / kFocal}));
    }
  }
  return device;
}

class Survey {
 public:
  Survey(const Room& room, const Device& device, std::vector<Station> stations, std::uint64_t seed)
      : room_(room), device_(device), stations_(std::move(stations)), seed_(seed) {}

  [[nodiscard]] std::int64_t rays() const {
    return static_cast<std::int64_t>(stations_.size() * device_.directions.size());
  }

  [[nodiscard]] std::optional<Seen> cast(std::int64_t ray) const {
    const auto at = static_cast<std::size_t>(ray);
    const Station& station = stations_[at / device_.directions.size()];
    const Vec3& direction = device_.directions[at % device_.directions.size()];
    Draw draw(mix(seed_, 1 + static_cast<std::uint64_t>(ray)));
    const street::Ray out = {station.pose.at, station.pose.to_world(direction), draw.seed()};
    const auto hit = room_.shapes.nearest(out, device_.range);
    if (!hit || hit->lost || hit->t < device_.nearest || draw.chance(device_.drop_out)) {
      return std::nullopt;
    }
    const double facing = std::clamp(-dot(hit->normal, out.direction), 0.0, 1.0);
    if (facing < 0.04) return std::nullopt;  // too slanted to come back
    const double noise = device_.noise + device_.noise_per_square * hit->t * hit->t;
    const double range = hit->t + noise * draw.normal();
    const Vec3 colour = colour_of(*hit, out.origin + out.direction * hit->t, station, draw);
    return Seen{position_of(station.measured, direction, range),
                {stepped_colour(colour.x), stepped_colour(colour.y), stepped_colour(colour.z)},
                device_.has_intensity ? intensity_of(*hit, facing, draw) : 0,
                hit->surface.label.number};
  }

 private:
  // In the frame of the first station.
  [[nodiscard]] std::array<float, 3> position_of(const Pose& pose, const Vec3& direction,
                                                 double range) const {
    const Pose& frame = stations_.front().measured;
    const Vec3 p = frame.heading.unturn(pose.at + pose.to_world(direction) * range - frame.at);
    constexpr double kSteps = 1 / kPositionStep;
    return {stepped(p.x, kSteps), stepped(p.y, kSteps), stepped(p.z, kSteps)};
  }

  [[nodiscard]] Vec3 colour_of(const street::Hit& hit, const Vec3& at, const Station& station,
                               Draw& draw) const {
    const Vec3 seen = room_.light.seen(hit.surface, at, hit.normal) * station.exposure;
    const Vec3 noise = {draw.normal(), draw.normal(), draw.normal()};
    return seen + noise * kColourNoise;
  }

  [[nodiscard]] static float stepped_colour(double value) {
    return stepped(std::clamp(value, 0.0, 1.0), 255);
  }

  [[nodiscard]] static float intensity_of(const street::Hit& hit, double facing, Draw& draw) {
    const double plain = hit.surface.reflectance * (0.3 + 0.7 * facing);
    return stepped(std::clamp(plain * (1 + 0.08 * draw.normal()), 0.0, 0.99), 100);
  }

  const Room& room_;
  const Device& device_;
  std::vector<Station> stations_;
  std::uint64_t seed_;
};

LabelledScan collect(const Survey& survey) {
  LabelledScan scan;
  const auto cast = [&survey](std::int64_t ray) { return survey.cast(ray); };
  for (const Seen& one : street::cast_rays<Seen>(survey.rays(), cast)) {
    scan.positions.push_back(one.position);
    scan.intensity.push_back(one.intensity);
    scan.labels.push_back(one.label);
    scan.colours.push_back(one.colour);
  }
  return scan;
}

Vec3 scatter(double size, Draw& draw) {
  const Vec3 off = {draw.normal(), draw.normal(), draw.normal()};
  return off * size;
}

}  // namespace

LabelledScan scan_from_tripods(const Room& room, std::uint64_t seed) {
  Draw draw(mix(seed, 0));
  std::vector<Station> stations;
  for (const Site& at : room.viewpoints) {
    Station station;
    station.pose = {at.at, at.yaw, {}};
    station.measured = station.pose;
    station.measured.at = at.at + scatter(0.002, draw);  // how well scans are put together
    station.exposure = draw.in(0.92, 1.08);
    stations.push_back(station);
  }
  const Device device = terrestrial_scanner();
  return collect(Survey(room, device, std::move(stations), seed));
}

LabelledScan scan_along_path(const Room& room, std::uint64_t seed) {
  constexpr int kImages = 26;
  Draw draw(mix(seed, 0));
  std::vector<Station> stations;
  Vec3 drift;
  double heading = draw.in(0, 2 * kPi);
  const auto legs = static_cast<double>(room.viewpoints.size() - 1);
  for (int i = 0; i < kImages; ++i) {
    const double along = legs * i / (kImages - 1);
    const auto from = std::min(static_cast<std::size_t>(along), room.viewpoints.size() - 1);
    const auto to = std::min(from + 1, room.viewpoints.size() - 1);
    const double share = along - static_cast<double>(from);
    const Vec3 at = room.viewpoints[from].at * (1 - share) + room.viewpoints[to].at * share;
    // It turns on, looks down at furniture most of the time and up now and then.
    heading += draw.in(0.35, 0.95);
    const double pitch = draw.chance(0.25) ? draw.in(0.2, 0.9) : draw.in(-0.85, 0.05);
    drift = drift + scatter(0.002, draw);
    Station station;
    station.pose = {at, Yaw::of(heading), Yaw::of(-pitch)};
    station.measured = {at + drift, Yaw::of(heading + 0.002 * draw.normal()), Yaw::of(-pitch)};
    station.exposure = draw.in(0.88, 1.12);
    stations.push_back(station);
  }
  const Device device = depth_camera();
  return collect(Survey(room, device, std::move(stations), seed));
}

}  // namespace voxloom::rooms
