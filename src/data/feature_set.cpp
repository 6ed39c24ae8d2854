// What a network takes for each point, and features.json, which says so in a bundle.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "data/failure.h"
#include "data/json_file.h"
#include "voxloom/scan_input.h"

namespace voxloom {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 6> kNames = {"intensity", "height", "distance",
                                                    "red",       "green",  "blue"};

std::vector<PointFeature> read_names(const std::filesystem::path& path, const Json& list) {
  if (!list.is_array()) data::fail_data(path, "\"features\" is not a list");
  std::vector<PointFeature> features;
  for (const Json& name : list) {
    const auto feature =
        name.is_string() ? point_feature_named(name.get<std::string>()) : std::nullopt;
    if (!feature) data::fail_data(path, "there is no feature {}", name.dump());
    features.push_back(*feature);
  }
  return features;
}

Interval read_range(const std::filesystem::path& path, const Json& list) {
  if (!list.is_array() || list.size() != 2 || !list[0].is_number() || !list[1].is_number()) {
    data::fail_data(path, "\"intensity_range\" is not two numbers");
  }
  return {list[0].get<double>(), list[1].get<double>()};
}

}  // namespace

std::string_view name_of(PointFeature feature) {
  return kNames.at(static_cast<std::size_t>(feature));
}

std::string_view name_of(RangeSource source) {
  constexpr std::array<std::string_view, 4> kSources = {"caller", "format", "type", "values"};
  return kSources.at(static_cast<std::size_t>(source));
}

std::optional<PointFeature> point_feature_named(std::string_view name) {
  const auto* found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<PointFeature>(found - kNames.begin());
}

bool FeatureSet::has(PointFeature feature) const {
  return std::ranges::find(features, feature) != features.end();
}

bool FeatureSet::has_colours() const {
  return has(PointFeature::red) || has(PointFeature::green) || has(PointFeature::blue);
}

void validate(const FeatureSet& features) {
  constexpr std::string_view kOp = "features";
  require(!features.features.empty(), kOp, "there is none");
  std::set<PointFeature> taken;
  for (const PointFeature feature : features.features) {
    require(taken.insert(feature).second, kOp, "'{}' stands twice", name_of(feature));
  }
  const Interval& range = features.intensity_range;
  require(std::isfinite(range.low) && std::isfinite(range.high) && range.low < range.high, kOp,
          "intensities from {} to {} are no range", range.low, range.high);
}

FeatureSet read_features(const std::filesystem::path& path) {
  const Json json = data::read_json_object(path);
  FeatureSet set;
  if (json.contains("features")) set.features = read_names(path, json["features"]);
  if (json.contains("intensity_range")) {
    set.intensity_range = read_range(path, json["intensity_range"]);
  }
  try {
    validate(set);
  } catch (const std::invalid_argument& error) {
    data::fail_data(path, "{}", error.what());
  }
  return set;
}

std::string format_features(const FeatureSet& features) {
  validate(features);
  Json names = Json::array();
  for (const PointFeature feature : features.features) names.push_back(name_of(feature));
  const Json json = {
      {"features", names},
      {"intensity_range", {features.intensity_range.low, features.intensity_range.high}}};
  return json.dump() + "\n";
}

}  // namespace voxloom
