// What comes back from a hit: the surface's reflectance, weaker from a slanted surface, more so from
// a glossy one; retro-reflectors shine. A return whose signal falls with the square of the range below
// what the sensor can tell from noise is lost, so that black cars and slanted asphalt thin out with
// distance. Intensities are calibrated for range, as sensors deliver them.
#include "sim/lidar.h"

#include <algorithm>
#include <optional>

#include "sim/cast_rays.h"
#include "sim/scene.h"

namespace voxloom::street {
namespace {

// Measured against a KITTI scan: where slanted asphalt fades, and what reads as nothing.
constexpr double kSlant = 0.04, kDark = 0.05, kFade = 0.3;
constexpr double kNoiseFloor = 0.25;  // signal that noise swallows at the longest range
constexpr double kRangeStep = 0.002;  // metres
constexpr double kPositionStep = 1.0 / 1024;

struct Beam {
  double flat = 1, up = 0;  // cosine and sine of the elevation
  double lag = 0;           // of the beam within a column, in columns
  double gain = 1;
  double lift = 0;  // where it starts, over the sensor's origin
};

struct Return {
  std::array<float, 3> position;
  float intensity;
  std::int32_t label;
};

// Every unit differs a little from its data sheet.
std::vector<Beam> calibrated(const LidarModel& model, Draw& draw) {
  std::vector<Beam> beams;
  for (const double degrees : model.elevations) {
    const double angle = (degrees + 0.05 * draw.normal()) * (kPi / 180);
    const double lag = draw.in(-0.5, 0.5);
    const bool upper = 2 * beams.size() < model.elevations.size();
    beams.push_back({cosine(angle), sine(angle), lag, 1 + 0.06 * draw.normal(),
                     upper ? model.upper_lift : model.lower_lift});
  }
  return beams;
}

// The sensor's frame in the world: turned about x, then y, then z.
struct Attitude {
  Yaw roll, pitch, heading;
  [[nodiscard]] Vec3 to_world(const Vec3& v) const {
    const Vec2 yz = roll.turn(Vec2{v.y, v.z});
    const Vec2 zx = pitch.turn(Vec2{yz.y, v.x});
    return heading.turn(Vec3{zx.y, yz.x, zx.x});
  }
};

double reflected(const Hit& hit, const Vec3& direction) {
  const double facing = std::clamp(-dot(hit.normal, direction), 0.0, 1.0);
  // Asphalt gives as much at 20 metres as at 5, and little beyond 35.
  const double dull = facing * facing / (facing * facing + kSlant * kSlant);
  const double glossy = facing * facing * facing * facing;
  const Surface& surface = hit.surface;
  const double plain = surface.reflectance * ((1 - surface.gloss) * dull + surface.gloss * glossy);
  return plain + surface.retro * facing;
}

class Spin {
 public:
  Spin(const Scene& scene, const LidarModel& model, std::uint64_t seed)
      : scene_(scene), model_(model), seed_(seed) {
    Draw draw(mix(seed, 0));
    beams_ = calibrated(model, draw);
    attitude_ = {Yaw::of(scene.roll), Yaw::of(scene.pitch), scene.heading};
  }

  [[nodiscard]] std::int64_t rays() const {
    return static_cast<std::int64_t>(beams_.size()) * model_.columns;
  }

  [[nodiscard]] std::optional<Return> cast(std::int64_t ray) const {
    const Beam& beam = beams_[static_cast<std::size_t>(ray / model_.columns)];
    const double column = static_cast<double>(ray % model_.columns) + beam.lag;
    // Clockwise, from straight behind.
    const Yaw azimuth = Yaw::of(kPi - 2 * kPi * column / model_.columns);
    const Vec3 direction = {azimuth.c * beam.flat, azimuth.s * beam.flat, beam.up};
    Draw draw(mix(seed_, 1 + static_cast<std::uint64_t>(ray)));
    const Vec3 outward = attitude_.to_world(direction);
    const auto hit = nearest(scene_, {scene_.sensor + Vec3{0, 0, beam.lift}, outward, draw.seed()},
                             model_.range);
    if (!hit || hit->lost || hit->t < model_.nearest) return std::nullopt;
    return measured(*hit, direction, beam, reflected(*hit, outward), draw);
  }

 private:
  [[nodiscard]] std::optional<Return> measured(const Hit& hit, const Vec3& direction,
                                               const Beam& beam, double signal, Draw& draw) const {
    const double reach = hit.t / model_.range;
    const double floor = kNoiseFloor * reach * reach * draw.in(0.3, 1.7);
    if (signal < floor || draw.chance(model_.drop_out)) return std::nullopt;
    const double range = hit.t + model_.noise * draw.normal();
    const double stepped = std::floor(range / kRangeStep + 0.5) * kRangeStep;
    // Dull surfaces read as nothing well before they are lost.
    const double speckle = 1 + 0.1 * draw.normal();
    const double read =
        signal * beam.gain * speckle + 0.012 * draw.normal() - kDark - kFade * reach * reach;
    const auto lattice = [&](double v, double from = 0) {
      const double at = from + v * stepped;
      return static_cast<float>(std::floor(at / kPositionStep + 0.5) * kPositionStep);
    };
    const double hundredths = std::floor(100 * std::clamp(read, 0.0, 0.99) + 0.5);
    return Return{{lattice(direction.x), lattice(direction.y), lattice(direction.z, beam.lift)},
                  static_cast<float>(hundredths / 100),
                  hit.surface.label.number};
  }

  const Scene& scene_;
  const LidarModel& model_;
  std::uint64_t seed_;
  std::vector<Beam> beams_;
  Attitude attitude_;
};

}  // namespace

LabelledScan spin(const Scene& scene, const LidarModel& model, std::uint64_t seed) {
  const Spin turn(scene, model, seed);
  LabelledScan scan;
  const auto cast = [&turn](std::int64_t ray) { return turn.cast(ray); };
  for (const Return& one : cast_rays<Return>(turn.rays(), cast)) {
    scan.positions.push_back(one.position);
    scan.intensity.push_back(one.intensity);
    scan.labels.push_back(one.label);
  }
  return scan;
}

}  // namespace voxloom::street
