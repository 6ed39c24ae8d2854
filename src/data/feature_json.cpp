#include "data/feature_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "core/error.h"

namespace voxloom::data {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFeatureJsonOp = "features";
constexpr double kReturnUnit = 4;

template <typename Enum>
std::optional<Enum> named(std::string_view name, Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

std::optional<PointValue> value_named(std::string_view name) {
  return named(name, PointValue::normal_z);
}

std::vector<PointFeature> features_named(const std::string& name) {
  if (const auto value = value_named(name)) return {{*value}};
  if (name == "colour" || name == "color") {
    return {{PointValue::red}, {PointValue::green}, {PointValue::blue}};
  }
  if (name == "normal") {
    return {{PointValue::normal_x}, {PointValue::normal_y}, {PointValue::normal_z}};
  }
  if (name == "returns") {
    std::vector<PointFeature> features;
    for (const char* column : {"return_number", "number_of_returns"}) {
      features.push_back({.value = PointValue::column, .column = column, .unit = kReturnUnit});
    }
    return features;
  }
  return {};
}

double number_in(const Json& entry, const char* name, double otherwise) {
  if (!entry.contains(name)) return otherwise;
  require(entry[name].is_number(), kFeatureJsonOp, "\"{}\" of {} is no number", name, entry.dump());
  return entry[name].get<double>();
}

std::string text_in(const Json& entry, const char* name) {
  require(entry[name].is_string(), kFeatureJsonOp, "\"{}\" of {} is no name", name, entry.dump());
  return entry[name].get<std::string>();
}

// Intensities and colours without a unit are shares of what is full in the file.
void take_column(const Json& entry, PointFeature& to) {
  to.column = text_in(entry, "column");
  const auto value = value_named(to.column);
  const bool is_share = value && (*value == PointValue::intensity || *value == PointValue::red ||
                                  *value == PointValue::green || *value == PointValue::blue);
  if (is_share && !entry.contains("unit")) {
    to.value = *value;
    to.column.clear();
  } else {
    to.value = PointValue::column;
  }
}

PointFeature feature_from(const Json& entry) {
  static const std::set<std::string> kKnown = {"value", "column", "frame",  "unit",
                                               "scale", "offset", "missing"};
  for (const auto& [name, value] : entry.items()) {
    require(kKnown.contains(name), kFeatureJsonOp, "there is no \"{}\" of a feature, as in {}",
            name, entry.dump());
  }
  require(entry.contains("value") != entry.contains("column"), kFeatureJsonOp,
          "{} names neither a \"value\" nor a \"column\", or both", entry.dump());
  PointFeature feature;
  if (entry.contains("column")) {
    take_column(entry, feature);
  } else {
    const auto value = value_named(text_in(entry, "value"));
    require(value.has_value(), kFeatureJsonOp, "there is no value {}", entry["value"].dump());
    feature.value = *value;
  }
  if (entry.contains("frame")) {
    const auto frame = named(text_in(entry, "frame"), Frame::ground);
    require(frame.has_value(), kFeatureJsonOp, "there is no frame {}", entry["frame"].dump());
    feature.frame = *frame;
  }
  if (entry.contains("unit")) feature.unit = number_in(entry, "unit", 1);
  feature.scale = number_in(entry, "scale", 1);
  feature.offset = number_in(entry, "offset", 0);
  if (entry.contains("missing")) feature.missing = number_in(entry, "missing", 0);
  return feature;
}

Json json_of(const PointFeature& feature) {
  if (feature == PointFeature{feature.value} && feature.value != PointValue::column) {
    return name_of(feature.value);
  }
  Json json;
  if (feature.value == PointValue::column) {
    json["column"] = feature.column;
    // Without one, intensity and colours are shares.
    json["unit"] = feature.divisor();
  } else {
    json["value"] = name_of(feature.value);
    if (feature.unit) json["unit"] = *feature.unit;
  }
  if (feature.frame != Frame::sensor) json["frame"] = name_of(feature.frame);
  if (feature.scale != 1) json["scale"] = feature.scale;
  if (feature.offset != 0) json["offset"] = feature.offset;
  if (feature.missing) json["missing"] = *feature.missing;
  return json;
}

}  // namespace

std::vector<PointFeature> features_from(const Json& list) {
  require(list.is_array(), kFeatureJsonOp, "\"features\" is not a list");
  std::vector<PointFeature> features;
  for (const Json& entry : list) {
    std::vector<PointFeature> some;
    if (entry.is_object()) some = {feature_from(entry)};
    if (entry.is_string()) some = features_named(entry.get<std::string>());
    require(!some.empty(), kFeatureJsonOp, "there is no feature {}", entry.dump());
    features.insert(features.end(), some.begin(), some.end());
  }
  return features;
}

Json json_of(const std::vector<PointFeature>& features) {
  Json list = Json::array();
  for (const PointFeature& feature : features) list.push_back(json_of(feature));
  return list;
}

Json json_of(const FeatureSet& features) {
  validate(features);
  return {{"features", json_of(features.features)},
          {"intensity_range", {features.intensity_range.low, features.intensity_range.high}}};
}

}  // namespace voxloom::data
