// How far a scan is from those that a network was trained on.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "voxloom/input_profile.h"

namespace voxloom {
namespace {

constexpr std::string_view kOfTheSensor = " the sensor";

// Whether something that the network reads changes with the place of the sensor.
bool looks_from_sensor(const InputProfile& trained_on) {
  return std::ranges::any_of(trained_on.features, [](const InputProfile::Feature& feature) {
    // Normals point to it.
    return feature.name.ends_with(kOfTheSensor) || feature.name.starts_with("normal_");
  });
}

bool is_length(const InputProfile::Feature& feature) {
  return feature.name.find(" the ") != std::string::npos;
}

// So few points that each is alone, whatever the distance to the next.
bool is_scattered(const InputProfile& t, const InputProfile& scan) {
  return scan.density.high <= 1 && t.density.low >= 3;
}

// Whether the points lie around the place that is taken for the sensor's, as in training.
bool is_amid(const InputProfile& t, const InputProfile& scan) {
  constexpr double kFewSectors = 2;
  return scan.surrounding.high + kFewSectors >= t.surrounding.low;
}

void tell_of_shape(const InputProfile& t, const InputProfile& scan,
                   std::vector<std::string>& lines) {
  constexpr double kTimes = 3, kDenser = 5;
  const double extent = scan.extent.high, density = scan.density.high;
  // A network that does not look from the sensor takes more of the same as it takes a part.
  const bool is_far = extent > kTimes * t.extent.high && looks_from_sensor(t);
  if (is_far || extent * kTimes < t.extent.low) {
    lines.push_back(fmt::format(
        "95 of 100 points lie within {:.3g} m of the sensor, in the scans that the network was "
        "trained on within {:.3g} to {:.3g} m: are the positions metres?",
        extent, t.extent.low, t.extent.high));
  }
  if (density > kDenser * t.density.high || density * kDenser < t.density.low ||
      is_scattered(t, scan)) {
    lines.push_back(fmt::format(
        "half of the cubic metres with points have at most {:.3g} of them, in the scans that the "
        "network was trained on {:.3g} to {:.3g}: are the positions metres?",
        density, t.density.low, t.density.high));
  }
}

// From where it was seen: around a turning sensor points are dense, from the air they lie evenly.
void tell_of_view(const InputProfile& t, const InputProfile& scan,
                  std::vector<std::string>& lines) {
  constexpr double kNearer = 2;
  const double near = scan.nearness.high;
  if (!is_amid(t, scan)) {
    if (!looks_from_sensor(t)) return;
    lines.push_back(fmt::format(
        "points lie to {:.0f} of 8 sides of the sensor, in training to at least {:.0f}: it stands "
        "outside of the cloud, or sees a part; --sensor tells where it stood",
        scan.surrounding.high, t.surrounding.low));
  } else if (near > kNearer * t.nearness.high || near * kNearer < t.nearness.low) {
    lines.push_back(fmt::format(
        "{:.0f} of 100 points lie in the inner quarter of the extent, in the scans that the "
        "network was trained on {:.0f} to {:.0f}: they were seen in another way",
        100 * near, 100 * t.nearness.low, 100 * t.nearness.high));
  }
}

void tell_of_height(const InputProfile& t, const InputProfile& scan,
                    std::vector<std::string>& lines) {
  constexpr double kFloor = 1, kHigh = 3;
  const double floor = scan.floor.high;
  if (floor > t.floor.high + kFloor) {
    lines.push_back(fmt::format(
        "no ground below the sensor: the lowest points around it are at a height of {:.3g} m, "
        "in training {:.3g} to {:.3g} m; --sensor tells where it stood",
        floor, t.floor.low, t.floor.high));
  } else if (floor < t.floor.low - kHigh) {
    lines.push_back(fmt::format(
        "the sensor is high: the lowest points around it are at a height of {:.3g} m, in training "
        "{:.3g} to {:.3g} m; --sensor tells where it stood",
        floor, t.floor.low, t.floor.high));
  }
}

void tell_of_units(const InputProfile& t, const InputProfile& scan,
                   std::vector<std::string>& lines) {
  for (const InputProfile::Feature& seen : scan.features) {
    const auto known = std::ranges::find(t.features, seen.name, &InputProfile::Feature::name);
    if (known == t.features.end() || is_length(seen)) continue;
    if (seen.middle < known->low || seen.middle > known->high) {
      lines.push_back(fmt::format(
          "{} is {:.3g} in the middle, and 90 of 100 values of the training lie within {:.3g} to "
          "{:.3g}: is its unit right?",
          seen.name, seen.middle, known->low, known->high));
    }
  }
}

constexpr double kMost = 3;  // of one measure, so that none of them decides alone

double doublings_beyond(const Interval& trained, double value) {
  const auto log = [](double of) { return std::log2(std::max(of, 1e-6)); };
  return std::clamp(std::max(log(value) - log(trained.high), log(trained.low) - log(value)), 0.0,
                    kMost);
}

}  // namespace

std::vector<std::string> misfits(const InputProfile& trained_on, const InputProfile& scan) {
  std::vector<std::string> lines;
  if (trained_on.scans == 0 || scan.scans == 0) return lines;
  tell_of_shape(trained_on, scan, lines);
  if (looks_from_sensor(trained_on)) tell_of_height(trained_on, scan, lines);
  tell_of_view(trained_on, scan, lines);
  tell_of_units(trained_on, scan, lines);
  return lines;
}

double unlikeness(const InputProfile& trained_on, const InputProfile& scan) {
  if (trained_on.scans == 0 || scan.scans == 0) return 0;
  const InputProfile& t = trained_on;
  const bool has_sensor = looks_from_sensor(t);
  double all = is_scattered(t, scan) ? kMost : doublings_beyond(t.density, scan.density.high);
  if (has_sensor || scan.extent.high < t.extent.low) {
    all += doublings_beyond(t.extent, scan.extent.high);
  }
  if (has_sensor || is_amid(t, scan)) all += doublings_beyond(t.nearness, scan.nearness.high);
  if (has_sensor) {
    const double floor = scan.floor.high;
    all += std::clamp(std::max(floor - t.floor.high, t.floor.low - floor), 0.0, kMost);
  }
  return all;
}

}  // namespace voxloom
