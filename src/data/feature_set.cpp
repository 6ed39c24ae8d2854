// What a network takes for each point, and features.json, which says so in a bundle.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "data/failure.h"
#include "data/feature_json.h"
#include "data/json_file.h"
#include "voxloom/scan_input.h"

namespace voxloom {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFeatureSetOp = "features";
constexpr double kHeightUnit = 4, kDistanceUnit = 50;
constexpr std::array<std::string_view, 12> kValues = {
    "intensity", "height", "distance", "red",      "green",    "blue",
    "x",         "y",      "normal_x", "normal_y", "normal_z", "column"};
constexpr std::array<std::string_view, 3> kFrames = {"sensor", "scene", "ground"};

Interval read_range(const std::filesystem::path& path, const Json& list) {
  if (!list.is_array() || list.size() != 2 || !list[0].is_number() || !list[1].is_number()) {
    data::fail_data(path, "\"intensity_range\" is not two numbers");
  }
  return {list[0].get<double>(), list[1].get<double>()};
}

bool is_length(PointValue value) {
  return value == PointValue::height || value == PointValue::distance || value == PointValue::x ||
         value == PointValue::y;
}

void validate(const PointFeature& feature) {
  const std::string name = name_of(feature);
  require(feature.value != PointValue::column || !feature.column.empty(), kFeatureSetOp,
          "an attribute has no name");
  require(std::isfinite(feature.divisor()) && feature.divisor() != 0, kFeatureSetOp,
          "the unit of {} is {}", name, feature.divisor());
  require(std::isfinite(feature.scale) && std::isfinite(feature.offset) &&
              std::isfinite(feature.missing.value_or(0)),
          kFeatureSetOp, "scale, offset and stand-in of {} are {}, {} and {}", name, feature.scale,
          feature.offset, feature.missing.value_or(0));
  require(feature.frame == Frame::sensor || is_length(feature.value), kFeatureSetOp,
          "{} has no frame: that is for lengths", name_of(feature.value));
  require(feature.frame != Frame::ground || feature.value == PointValue::height, kFeatureSetOp,
          "only a height is measured from the ground, not {}", name_of(feature.value));
  require(!feature.missing || !is_length(feature.value), kFeatureSetOp, "{} is never missing",
          name);
}

}  // namespace

std::string_view name_of(PointValue value) { return kValues.at(static_cast<std::size_t>(value)); }

std::string_view name_of(Frame frame) { return kFrames.at(static_cast<std::size_t>(frame)); }

std::string_view name_of(RangeSource source) {
  constexpr std::array<std::string_view, 4> kSources = {"caller", "format", "type", "values"};
  return kSources.at(static_cast<std::size_t>(source));
}

std::string name_of(const PointFeature& feature) {
  if (feature.value == PointValue::column) return feature.column;
  const std::string name(name_of(feature.value));
  if (!is_length(feature.value)) return name;
  return fmt::format("{} {} the {}", name, feature.value == PointValue::height ? "above" : "from",
                     name_of(feature.frame));
}

double PointFeature::divisor() const {
  if (unit) return *unit;
  if (value == PointValue::height) return kHeightUnit;
  return is_length(value) ? kDistanceUnit : 1;
}

bool FeatureSet::has(PointValue value) const {
  return std::ranges::find(features, value, &PointFeature::value) != features.end();
}

bool FeatureSet::has_colours() const {
  return has(PointValue::red) || has(PointValue::green) || has(PointValue::blue);
}

bool FeatureSet::has_normals() const {
  return has(PointValue::normal_x) || has(PointValue::normal_y) || has(PointValue::normal_z);
}

bool FeatureSet::has(Frame frame) const {
  return std::ranges::any_of(features, [&](const PointFeature& feature) {
    return is_length(feature.value) && feature.frame == frame;
  });
}

void validate(const FeatureSet& features) {
  require(!features.features.empty(), kFeatureSetOp, "there is none");
  std::map<std::pair<PointValue, std::string>, std::optional<double>> stand_ins;
  for (auto at = features.features.begin(); at != features.features.end(); ++at) {
    validate(*at);
    require(std::find(features.features.begin(), at, *at) == at, kFeatureSetOp, "'{}' stands twice",
            name_of(*at));
    const auto [found, is_new] = stand_ins.try_emplace({at->value, at->column}, at->missing);
    require(is_new || found->second == at->missing, kFeatureSetOp,
            "two values stand in where {} is missing", name_of(*at));
  }
  const Interval& range = features.intensity_range;
  require(std::isfinite(range.low) && std::isfinite(range.high) && range.low < range.high,
          kFeatureSetOp, "intensities from {} to {} are no range", range.low, range.high);
}

FeatureSet read_features(const std::filesystem::path& path) {
  const Json json = data::read_json_object(path);
  FeatureSet set;
  if (json.contains("intensity_range")) {
    set.intensity_range = read_range(path, json["intensity_range"]);
  }
  try {
    if (json.contains("features")) set.features = data::features_from(json["features"]);
    validate(set);
  } catch (const std::invalid_argument& error) {
    data::fail_data(path, "{}", error.what());
  }
  return set;
}

std::string format_features(const FeatureSet& features) {
  return data::json_of(features).dump() + "\n";
}

}  // namespace voxloom
