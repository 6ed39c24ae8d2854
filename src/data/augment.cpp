#include "voxloom/augment.h"

#include <algorithm>

#include "core/error.h"
#include "data/draw.h"
#include "data/scan_rows.h"
#include "data/vec.h"

namespace voxloom {
namespace {

using street::Draw;
using street::kPi;
using street::Vec2;
using street::Vec3;
using street::Yaw;

constexpr const char* kAugmentOp = "augment";

void check_share(double value, const char* name) {
  require(value >= 0 && value <= 1, kAugmentOp, "{} is a share from 0 to 1, not {}", name, value);
}

void check(const AugmentOptions& options) {
  check_share(options.mix, "mix");
  check_share(options.flip_x, "flip_x");
  check_share(options.flip_y, "flip_y");
  check_share(options.intensity_scale, "intensity_scale");
  check_share(options.drop, "drop");
  require(options.rotation >= 0 && options.rotation <= 180, kAugmentOp,
          "rotation is 0 to 180 degrees, not {}", options.rotation);
  require(options.tilt >= 0 && options.tilt <= 45, kAugmentOp, "tilt is 0 to 45 degrees, not {}",
          options.tilt);
  require(options.scale[0] > 0 && options.scale[0] <= options.scale[1] && options.scale[1] < 1e3,
          kAugmentOp, "scale is a range above 0 and below 1000, not {} to {}", options.scale[0],
          options.scale[1]);
  require(
      options.shift_z >= 0 && options.shift_z < 1e6 && options.jitter >= 0 && options.jitter < 1e6,
      kAugmentOp, "shift_z and jitter are from 0 to a million metres, not {} and {}",
      options.shift_z, options.jitter);
}

// Turns, then scales and mirrors, then shifts.
struct Motion {
  Yaw about_x, about_y, about_z;
  Vec3 scale;
  double shift_z;

  [[nodiscard]] Vec3 operator()(const Vec3& p) const {
    const Vec2 yz = about_x.turn(Vec2{p.y, p.z});
    const Vec2 zx = about_y.turn(Vec2{yz.y, p.x});
    const Vec3 turned = about_z.turn(Vec3{zx.y, yz.x, zx.x});
    return {turned.x * scale.x, turned.y * scale.y, turned.z * scale.z + shift_z};
  }
  // Of a normal: turned and mirrored alone.
  [[nodiscard]] std::array<float, 3> direction(const std::array<float, 3>& normal) const {
    Motion still = *this;
    still.scale = {scale.x < 0 ? -1.0 : 1.0, scale.y < 0 ? -1.0 : 1.0, 1};
    still.shift_z = 0;
    const Vec3 turned = still({normal[0], normal[1], normal[2]});
    return {static_cast<float>(turned.x), static_cast<float>(turned.y),
            static_cast<float>(turned.z)};
  }
};

Yaw draw_turn(double degrees, Draw& draw) {
  return Yaw::of(draw.in(-degrees, degrees) * (kPi / 180));
}

// Every number is drawn whatever the options are, so that switching one on leaves the others.
Motion draw_motion(const AugmentOptions& options, Draw& draw) {
  Motion motion{};
  motion.about_z = draw_turn(options.rotation, draw);
  motion.about_x = draw_turn(options.tilt, draw);
  motion.about_y = draw_turn(options.tilt, draw);
  const double scale = draw.in(options.scale[0], options.scale[1]);
  const bool flip_x = draw.chance(options.flip_x);
  const bool flip_y = draw.chance(options.flip_y);
  motion.scale = {flip_x ? -scale : scale, flip_y ? -scale : scale, scale};
  motion.shift_z = draw.in(-options.shift_z, options.shift_z);
  return motion;
}

std::array<float, 3> jittered(const Vec3& p, double jitter, Draw& draw) {
  std::array<float, 3> out{};
  const std::array<double, 3> from = {p.x, p.y, p.z};
  for (std::size_t i = 0; i < 3; ++i) {
    out[i] = static_cast<float>(from[i] + jitter * draw.normal());
  }
  return out;
}

// What follows from the positions of all points does not survive their change.
LabelledScan fresh(const LabelledScan& scan) {
  LabelledScan out = data::without_points(scan);
  out.scene_origin.reset();
  return out;
}

// The directions of half a turn or less, counter-clockwise from `from`.
struct Sector {
  Vec2 from, to;
  [[nodiscard]] bool holds(const std::array<float, 3>& p) const {
    const auto left_of = [&](Vec2 v) { return v.x * p[1] - v.y * p[0]; };
    return left_of(from) >= 0 && left_of(to) < 0;
  }
};

class AugmentedDataset final : public Dataset {
 public:
  AugmentedDataset(DatasetPtr source, const AugmentOptions& options)
      : source_(std::move(source)), options_(options) {}

  [[nodiscard]] const ClassTable& classes() const override { return source_->classes(); }
  [[nodiscard]] std::int64_t size() const override { return source_->size(); }
  [[nodiscard]] std::string name(std::int64_t index) const override { return source_->name(index); }

  [[nodiscard]] LabelledScan get(std::int64_t index, std::uint64_t seed) const override {
    Draw draw(street::mix(seed, static_cast<std::uint64_t>(index)));
    LabelledScan scan = source_->get(index, seed);
    const bool mixes = draw.chance(options_.mix);
    const std::uint64_t other = draw.seed() % std::max<std::uint64_t>(1, count() - 1);
    const std::uint64_t sector = draw.seed();
    if (mixes && size() > 1) {
      // Any scan but this one.
      const auto step = static_cast<std::int64_t>(other) + 1;
      scan = mix_sectors(scan, source_->get((index + step) % size(), seed), sector);
    }
    return augment(scan, options_, draw.seed());
  }

  [[nodiscard]] std::string recipe() const override {
    const AugmentOptions& o = options_;
    const std::string before = source_->recipe();
    return fmt::format(
        "{}{}mix {} rotation {} tilt {} scale {} {} flip {} {} shift {} jitter {} intensity {} "
        "drop "
        "{}",
        before, before.empty() ? "" : " ", o.mix, o.rotation, o.tilt, o.scale[0], o.scale[1],
        o.flip_x, o.flip_y, o.shift_z, o.jitter, o.intensity_scale, o.drop);
  }

 private:
  [[nodiscard]] std::uint64_t count() const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(2, size()));
  }

  DatasetPtr source_;
  AugmentOptions options_;
};

}  // namespace

AugmentOptions moderate_augmentation() {
  return {.mix = 0.3,
          .rotation = 180,
          .tilt = 1,
          .scale = {0.95, 1.05},
          .flip_x = 0.5,
          .flip_y = 0.5,
          .shift_z = 0.2,
          .jitter = 0.01,
          .intensity_scale = 0.2,
          .drop = 0.3};
}

LabelledScan augment(const LabelledScan& scan, const AugmentOptions& options, std::uint64_t seed) {
  check(options);
  data::check_rows(scan, kAugmentOp);
  Draw draw(seed);
  const Motion motion = draw_motion(options, draw);
  const auto brightness =
      static_cast<float>(draw.in(1 - options.intensity_scale, 1 + options.intensity_scale));
  const double drop = draw.in(0, options.drop);
  LabelledScan out = fresh(scan);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    const auto& p = scan.positions[i];
    if (draw.chance(drop)) continue;
    data::add_point(out, scan, i);
    out.positions.back() = jittered(motion({p[0], p[1], p[2]}), options.jitter, draw);
    out.intensity.back() = std::clamp(scan.intensity[i] * brightness, 0.0F, 1.0F);
    if (!scan.normals.empty()) out.normals.back() = motion.direction(scan.normals[i]);
  }
  out.above_ground.clear();
  return out;
}

LabelledScan mix_sectors(const LabelledScan& scan, const LabelledScan& other, std::uint64_t seed) {
  Draw draw(seed);
  const double begin = draw.in(0, 2 * kPi);
  const double end = begin + draw.in(kPi / 4, kPi);
  const Sector sector = {{street::cosine(begin), street::sine(begin)},
                         {street::cosine(end), street::sine(end)}};
  const auto name = &PointColumn::name;
  require(std::ranges::equal(scan.columns, other.columns, {}, name, name), kAugmentOp,
          "scans of other columns cannot be mixed");
  data::check_rows(scan, kAugmentOp);
  data::check_rows(other, kAugmentOp);
  require(scan.positions.empty() || other.positions.empty() ||
              scan.colours.empty() == other.colours.empty(),
          kAugmentOp, "a scan with colours and one without cannot be mixed");
  LabelledScan out = fresh(scan);
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    if (!sector.holds(scan.positions[i])) data::add_point(out, scan, i);
  }
  for (std::size_t i = 0; i < other.positions.size(); ++i) {
    if (sector.holds(other.positions[i])) data::add_point(out, other, i);
  }
  // Where one file has normals and the other none: complete() makes them.
  if (out.normals.size() != out.positions.size()) out.normals.clear();
  out.above_ground.clear();
  return out;
}

DatasetPtr augmented(DatasetPtr dataset, const AugmentOptions& options) {
  require(dataset != nullptr, "augmented", "there is no dataset");
  check(options);
  return std::make_shared<AugmentedDataset>(std::move(dataset), options);
}

}  // namespace voxloom
