#include "voxloom/input_profile.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/error.h"
#include "core/finite.h"
#include "core/random.h"
#include "data/failure.h"
#include "data/feature_json.h"
#include "data/feature_values.h"
#include "data/json_file.h"
#include "data/moments.h"
#include "data/scan_rows.h"

namespace voxloom {
namespace {

using Json = nlohmann::ordered_json;
using Point = std::array<float, 3>;

constexpr std::size_t kMostSamples = 1 << 15;
constexpr double kAround = 10;  // metres, of the floor
constexpr std::size_t kSectors = 8;

// The value that `share` of all are not above; 0 without any.
double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

std::vector<Point> samples_of(const std::vector<Point>& points) {
  const std::size_t step = std::max<std::size_t>(1, points.size() / kMostSamples);
  std::vector<Point> samples;
  for (std::size_t i = 0; i < points.size(); i += step) {
    if (is_finite(points[i])) samples.push_back(points[i]);
  }
  return samples;
}

double in_the_plane(const Point& p) { return std::hypot(double{p[0]}, double{p[1]}); }

double extent_of(const std::vector<Point>& samples) {
  std::vector<double> distances;
  distances.reserve(samples.size());
  for (const Point& p : samples) distances.push_back(in_the_plane(p));
  return quantile(std::move(distances), 0.95);
}

double floor_of(const std::vector<Point>& samples) {
  std::vector<double> near, all;
  for (const Point& p : samples) {
    all.push_back(double{p[2]});
    if (in_the_plane(p) < kAround) near.push_back(double{p[2]});
  }
  return quantile(near.empty() ? std::move(all) : std::move(near), 0.01);
}

double sectors_of(const std::vector<Point>& samples) {
  std::array<bool, kSectors> met{};
  for (const Point& p : samples) {
    const bool is_steep = std::abs(p[1]) > std::abs(p[0]);
    met.at((p[0] < 0 ? 1U : 0U) | (p[1] < 0 ? 2U : 0U) | (is_steep ? 4U : 0U)) = true;
  }
  return static_cast<double>(std::ranges::count(met, true));
}

// Cells are drawn by their number, so that of a large scan a few are counted in full.
double density_of(const std::vector<Point>& points) {
  const data::Grid grid(1);
  const std::uint64_t every = std::max<std::uint64_t>(1, points.size() / kMostSamples);
  std::unordered_map<std::uint64_t, double> counts;
  for (const Point& p : points) {
    if (!is_finite(p)) continue;
    const std::uint64_t key =
        data::Grid::key(grid.coordinate(p[0]), grid.coordinate(p[1]), grid.coordinate(p[2]));
    if (every == 1 || Random(key).next() % every == 0) counts[key] += 1;
  }
  std::vector<double> values;
  values.reserve(counts.size());
  for (const auto& [key, count] : counts) values.push_back(count);
  return quantile(std::move(values), 0.5);
}

// Of an even choice of points.
LabelledScan thinned(const LabelledScan& scan, const FeatureSet& features) {
  const std::size_t step = std::max<std::size_t>(1, scan.positions.size() / kMostSamples);
  LabelledScan part;
  for (const PointFeature& feature : features.features) {
    const PointColumn* column = data::find_column(scan, feature.column);
    if (column == nullptr || data::find_column(part, feature.column) != nullptr) continue;
    part.columns.push_back({column->name, {}});
    for (std::size_t i = 0; i < scan.positions.size(); i += step) {
      part.columns.back().values.push_back(column->values[i]);
    }
  }
  part.scene_origin = scan.scene_origin;
  for (std::size_t i = 0; i < scan.positions.size(); i += step) {
    part.positions.push_back(scan.positions[i]);
    part.intensity.push_back(scan.intensity[i]);
    if (!scan.colours.empty()) part.colours.push_back(scan.colours[i]);
    if (!scan.normals.empty()) part.normals.push_back(scan.normals[i]);
    if (!scan.above_ground.empty()) part.above_ground.push_back(scan.above_ground[i]);
  }
  return part;
}

using Values = std::vector<std::vector<double>>;  // of each feature

Values values_of(const LabelledScan& scan, const FeatureSet& features) {
  const LabelledScan part = thinned(scan, features);
  Values values;
  std::vector<float> one(part.positions.size());
  for (const PointFeature& feature : features.features) {
    data::write_feature(part, feature, features, 1, one.data());
    std::vector<double>& to = values.emplace_back();
    for (const float value : one) {
      if (std::isfinite(value)) to.push_back(static_cast<double>(value));
    }
  }
  return values;
}

std::vector<InputProfile::Feature> features_of(const FeatureSet& features, const Values& values) {
  std::vector<InputProfile::Feature> of;
  for (std::size_t f = 0; f < values.size(); ++f) {
    of.push_back({name_of(features.features[f]), quantile(values[f], 0.05),
                  quantile(values[f], 0.5), quantile(values[f], 0.95)});
  }
  return of;
}

// Everything but the features.
InputProfile shape_of(const LabelledScan& scan) {
  const std::vector<Point> samples = samples_of(scan.positions);
  if (samples.empty()) return {};
  const auto both = [](double value) { return Interval{value, value}; };
  return {.scans = 1,
          .points = both(static_cast<double>(scan.size())),
          .extent = both(extent_of(samples)),
          .density = both(density_of(scan.positions)),
          .floor = both(floor_of(samples)),
          .surrounding = both(sectors_of(samples))};
}

constexpr std::array<std::pair<const char*, Interval InputProfile::*>, 5> kIntervals = {
    {{"points", &InputProfile::points},
     {"extent", &InputProfile::extent},
     {"density", &InputProfile::density},
     {"floor", &InputProfile::floor},
     {"surrounding", &InputProfile::surrounding}}};

void widen(InputProfile& to, const InputProfile& by) {
  if (by.scans == 0) return;
  for (const auto& [name, interval] : kIntervals) {
    const Interval& more = by.*interval;
    Interval& all = to.*interval;
    all =
        to.scans == 0 ? more : Interval{std::min(all.low, more.low), std::max(all.high, more.high)};
  }
  to.scans += by.scans;
}

LabelledScan completed(LabelledScan scan, const FeatureSet& features) {
  complete(scan, features);
  return scan;
}

void check(const LabelledScan& scan, const FeatureSet& features) {
  data::check_rows(scan, "profile");
  data::check_values(scan, features, "profile");
}

}  // namespace

InputProfile profile_of(const LabelledScan& scan, const FeatureSet& features) {
  validate(features);
  if (needs_completion(scan, features)) return profile_of(completed(scan, features), features);
  check(scan, features);
  InputProfile profile = shape_of(scan);
  profile.features = features_of(features, values_of(scan, features));
  return profile;
}

InputProfile profile_of(const Dataset& data, const FeatureSet& features, std::int64_t scans) {
  validate(features);
  require(scans >= 1, "profile", "needs at least one scan, got {}", scans);
  const std::int64_t count = std::min(scans, data.size());
  InputProfile profile;
  Values all(features.features.size());
  for (std::int64_t i = 0; i < count; ++i) {
    const LabelledScan scan = completed(data.get(i * data.size() / count), features);
    check(scan, features);
    widen(profile, shape_of(scan));
    const Values some = values_of(scan, features);
    for (std::size_t f = 0; f < all.size(); ++f) {
      all[f].insert(all[f].end(), some[f].begin(), some[f].end());
    }
  }
  profile.features = features_of(features, all);
  return profile;
}

std::vector<std::string> misfits(const InputProfile& trained_on, const InputProfile& scan) {
  std::vector<std::string> lines;
  if (trained_on.scans == 0 || scan.scans == 0) return lines;
  constexpr double kTimes = 3, kDenser = 5, kFloor = 1, kFewSectors = 2;
  const double extent = scan.extent.high, density = scan.density.high, floor = scan.floor.high;
  const InputProfile& t = trained_on;
  if (extent > kTimes * t.extent.high || extent * kTimes < t.extent.low) {
    lines.push_back(fmt::format(
        "95 of 100 points lie within {:.3g} m of the sensor, in the scans that the network was "
        "trained on within {:.3g} to {:.3g} m: are the positions metres?",
        extent, t.extent.low, t.extent.high));
  }
  if (density > kDenser * t.density.high || density * kDenser < t.density.low) {
    lines.push_back(fmt::format(
        "half of the cubic metres with points have at most {:.3g} of them, in the scans that the "
        "network was trained on {:.3g} to {:.3g}",
        density, t.density.low, t.density.high));
  }
  if (floor > t.floor.high + kFloor) {
    lines.push_back(fmt::format(
        "no ground below the sensor: the lowest points around it are at a height of {:.3g} m, "
        "in training {:.3g} to {:.3g} m; --sensor tells where it stood",
        floor, t.floor.low, t.floor.high));
  } else if (floor < t.floor.low - kTimes * kFloor) {
    lines.push_back(fmt::format(
        "the sensor is high: the lowest points around it are at a height of {:.3g} m, in training "
        "{:.3g} to {:.3g} m; --sensor tells where it stood",
        floor, t.floor.low, t.floor.high));
  }
  if (scan.surrounding.high + kFewSectors < t.surrounding.low) {
    lines.push_back(fmt::format(
        "points lie to {:.0f} of 8 sides of the sensor, in training to at least {:.0f}: it stands "
        "outside of the cloud, or sees a part; --sensor tells where it stood",
        scan.surrounding.high, t.surrounding.low));
  }
  for (const InputProfile::Feature& seen : scan.features) {
    const auto known = std::ranges::find(t.features, seen.name, &InputProfile::Feature::name);
    // Lengths are told of above.
    const bool is_length = seen.name.find(" the ") != std::string::npos;
    if (known == t.features.end() || is_length) continue;
    if (seen.middle < known->low || seen.middle > known->high) {
      lines.push_back(fmt::format(
          "{} is {:.3g} in the middle, and 90 of 100 values of the training lie within {:.3g} to "
          "{:.3g}: is its unit right?",
          seen.name, seen.middle, known->low, known->high));
    }
  }
  return lines;
}

std::string format_features(const FeatureSet& features, const InputProfile& profile) {
  Json json = data::json_of(features);
  if (profile.scans > 0) {
    Json trained = {{"scans", profile.scans}};
    for (const auto& [name, interval] : kIntervals) {
      trained[name] = {(profile.*interval).low, (profile.*interval).high};
    }
    trained["features"] = Json::array();
    for (const InputProfile::Feature& feature : profile.features) {
      trained["features"].push_back(
          {{"name", feature.name}, {"values", {feature.low, feature.middle, feature.high}}});
    }
    json["trained_on"] = trained;
  }
  return json.dump() + "\n";
}

std::optional<InputProfile> read_profile(const std::filesystem::path& path) {
  const Json json = data::read_json_object(path);
  if (!json.contains("trained_on")) return std::nullopt;
  const auto fail = [&] { data::fail_data(path, "\"trained_on\" is no profile"); };
  InputProfile profile;
  try {
    const Json& trained = json["trained_on"];
    profile.scans = trained.at("scans").get<std::int64_t>();
    for (const auto& [name, interval] : kIntervals) {
      profile.*
          interval = {trained.at(name).at(0).get<double>(), trained.at(name).at(1).get<double>()};
    }
    for (const Json& feature : trained.at("features")) {
      const Json& values = feature.at("values");
      profile.features.push_back({feature.at("name").get<std::string>(), values.at(0).get<double>(),
                                  values.at(1).get<double>(), values.at(2).get<double>()});
    }
  } catch (const Json::exception&) {
    fail();
  }
  if (profile.scans < 1) fail();
  return profile;
}

}  // namespace voxloom
