#include "voxloom/input_profile.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/error.h"
#include "core/finite.h"
#include "core/quantile.h"
#include "core/random.h"
#include "data/failure.h"
#include "data/feature_json.h"
#include "data/feature_values.h"
#include "data/json_file.h"
#include "data/moments.h"
#include "data/profile_survey.h"
#include "data/scan_rows.h"

namespace voxloom {
namespace {

using Json = nlohmann::ordered_json;
using Point = std::array<float, 3>;

constexpr std::int64_t kMostSamples = 1 << 15;
constexpr double kAround = 10;  // metres, of the floor
constexpr std::size_t kSectors = 8;

// The value that `share` of all are not above; 0 without any.
double quantile_or_0(std::vector<double> values, double share) {
  return values.empty() ? 0 : quantile(values, share);
}

double in_the_plane(const Point& p) { return std::hypot(double{p[0]}, double{p[1]}); }

double extent_of(const std::vector<Point>& samples) {
  std::vector<double> distances;
  distances.reserve(samples.size());
  for (const Point& p : samples) distances.push_back(in_the_plane(p));
  return quantile_or_0(std::move(distances), 0.95);
}

double nearness_of(const std::vector<Point>& samples, double extent) {
  const auto near =
      std::ranges::count_if(samples, [&](const Point& p) { return in_the_plane(p) <= extent / 4; });
  return static_cast<double>(near) / static_cast<double>(samples.size());
}

double floor_of(const std::vector<Point>& samples) {
  std::vector<double> near, all;
  for (const Point& p : samples) {
    all.push_back(double{p[2]});
    if (in_the_plane(p) < kAround) near.push_back(double{p[2]});
  }
  return quantile_or_0(near.empty() ? std::move(all) : std::move(near), 0.01);
}

double sectors_of(const std::vector<Point>& samples) {
  std::array<bool, kSectors> met{};
  for (const Point& p : samples) {
    const bool is_steep = std::abs(p[1]) > std::abs(p[0]);
    met.at((p[0] < 0 ? 1U : 0U) | (p[1] < 0 ? 2U : 0U) | (is_steep ? 4U : 0U)) = true;
  }
  return static_cast<double>(std::ranges::count(met, true));
}

using Values = std::vector<std::vector<double>>;  // of each feature

std::vector<InputProfile::Feature> features_of(const FeatureSet& features, const Values& values) {
  std::vector<InputProfile::Feature> of;
  for (std::size_t f = 0; f < values.size(); ++f) {
    of.push_back({name_of(features.features[f]), quantile_or_0(values[f], 0.05),
                  quantile_or_0(values[f], 0.5), quantile_or_0(values[f], 0.95)});
  }
  return of;
}

constexpr std::array<std::pair<const char*, Interval InputProfile::*>, 6> kIntervals = {
    {{"points", &InputProfile::points},
     {"extent", &InputProfile::extent},
     {"density", &InputProfile::density},
     {"floor", &InputProfile::floor},
     {"surrounding", &InputProfile::surrounding},
     {"nearness", &InputProfile::nearness}}};

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

namespace data {

ProfileSurvey::ProfileSurvey(std::int64_t points, const FeatureSet& features)
    : features_(features),
      points_(points),
      step_(std::max<std::int64_t>(1, points / kMostSamples)) {}

void ProfileSurvey::look(const LabelledScan& piece, std::int64_t first) {
  if (sample_.positions.empty()) sample_ = without_points(piece);
  const std::int64_t begin = (first + step_ - 1) / step_ * step_ - first;
  for (std::int64_t i = begin; i < piece.size(); i += step_) {
    add_point(sample_, piece, static_cast<std::size_t>(i));
  }
  // Cells are drawn by their number, so that of a large scan a few are counted in full.
  const Grid grid(1);
  const auto every = static_cast<std::uint64_t>(step_);
  for (const Point& p : piece.positions) {
    if (!is_finite(p)) continue;
    const std::uint64_t key =
        Grid::key(grid.coordinate(p[0]), grid.coordinate(p[1]), grid.coordinate(p[2]));
    if (every == 1 || Random(key).next() % every == 0) density_[key] += 1;
  }
}

InputProfile ProfileSurvey::shape() const {
  std::vector<Point> samples;
  std::ranges::copy_if(sample_.positions, std::back_inserter(samples), is_finite<float>);
  if (samples.empty()) return {};
  std::vector<double> counts;
  counts.reserve(density_.size());
  for (const auto& [key, count] : density_) counts.push_back(count);
  const auto both = [](double value) { return Interval{value, value}; };
  const double extent = extent_of(samples);
  return {.scans = 1,
          .points = both(static_cast<double>(points_)),
          .extent = both(extent),
          .density = both(quantile_or_0(std::move(counts), 0.5)),
          .floor = both(floor_of(samples)),
          .surrounding = both(sectors_of(samples)),
          .nearness = both(nearness_of(samples, extent))};
}

Values ProfileSurvey::values() const {
  Values values;
  std::vector<float> one(sample_.positions.size());
  for (const PointFeature& feature : features_.features) {
    write_feature(sample_, feature, features_, 1, one.data());
    std::vector<double>& to = values.emplace_back();
    for (const float value : one) {
      if (std::isfinite(value)) to.push_back(static_cast<double>(value));
    }
  }
  return values;
}

InputProfile ProfileSurvey::profile() const {
  InputProfile profile = shape();
  profile.features = features_of(features_, values());
  return profile;
}

// How many points of the sample, their rows; then cells and their counts.
std::vector<std::byte> ProfileSurvey::seen() const {
  const RowForm form(features_);
  const std::uint64_t count = sample_.positions.size();
  std::vector<float> rows(count * form.size());
  for (std::size_t i = 0; i < count; ++i) form.write(sample_, i, rows.data() + i * form.size());
  const std::vector<std::pair<std::uint64_t, double>> cells(density_.begin(), density_.end());
  std::vector<std::byte> seen;
  const auto put = [&](std::span<const std::byte> bytes) {
    seen.insert(seen.end(), bytes.begin(), bytes.end());
  };
  put(std::as_bytes(std::span(&count, 1)));
  put(std::as_bytes(std::span(rows)));
  for (const auto& [key, number] : cells) {
    put(std::as_bytes(std::span(&key, 1)));
    put(std::as_bytes(std::span(&number, 1)));
  }
  return seen;
}

void ProfileSurvey::add(std::span<const std::byte> seen) {
  const RowForm form(features_);
  const auto take = [&](auto& value) {
    require(seen.size() >= sizeof(value), "profile", "a survey ends too early");
    std::memcpy(&value, seen.data(), sizeof(value));
    seen = seen.subspan(sizeof(value));
  };
  std::uint64_t count = 0;
  take(count);
  if (sample_.positions.empty()) sample_ = form.empty();
  std::vector<float> row(form.size());
  for (std::uint64_t i = 0; i < count; ++i) {
    for (float& value : row) take(value);
    form.add(sample_, row.data());
  }
  while (!seen.empty()) {
    std::uint64_t key = 0;
    double number = 0;
    take(key);
    take(number);
    density_[key] += number;
  }
}

}  // namespace data

InputProfile profile_of(const LabelledScan& scan, const FeatureSet& features) {
  validate(features);
  if (needs_completion(scan, features)) return profile_of(completed(scan, features), features);
  check(scan, features);
  data::ProfileSurvey survey(scan.size(), features);
  survey.look(scan, 0);
  return survey.profile();
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
    data::ProfileSurvey survey(scan.size(), features);
    survey.look(scan, 0);
    widen(profile, survey.shape());
    const Values some = survey.values();
    for (std::size_t f = 0; f < all.size(); ++f) {
      all[f].insert(all[f].end(), some[f].begin(), some[f].end());
    }
  }
  profile.features = features_of(features, all);
  return profile;
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
      if (interval == &InputProfile::nearness && !trained.contains(name)) continue;
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
