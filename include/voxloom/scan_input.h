// What a network sees of a scan's attributes: which of them, in which unit, and what stands for values that
// are not there.
//
// A network's features are numbers of its own making: intensities from 0 to 1, heights and distances from
// the sensor. Files hold intensities in units of theirs, and some values are missing. What was chosen for
// a scan, and what was replaced, is told (InputFacts, InputOptions::on_note).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"
#include "voxloom/scan.h"

namespace VOXLOOM_API voxloom {

// One number of a point, as networks take it.
enum class PointFeature : std::uint8_t {
  intensity,  // 0 to 1
  height,     // above the sensor, in units of 4 m
  distance,   // from the sensor in the plane, in units of 50 m
  red,        // colours: 0 to 1
  green,
  blue
};
[[nodiscard]] std::string_view name_of(PointFeature feature);

// What a network takes for each point. The default is what bundles want that do not say.
struct FeatureSet {
  std::vector<PointFeature> features = {PointFeature::intensity, PointFeature::height,
                                        PointFeature::distance};
  // What the network calls no intensity and a full one.
  Interval intensity_range = {0, 1};

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(features.size()); }
  [[nodiscard]] bool has(PointFeature feature) const;
  [[nodiscard]] bool has_colours() const;
  friend bool operator==(const FeatureSet&, const FeatureSet&) = default;
};

// Throws std::invalid_argument unless there are features, each of them once, and the range is one.
void validate(const FeatureSet& features);

// The file features.json of a bundle, {"features": ["intensity", ...], "intensity_range": [0, 1]}; both may be
// left out. FormatError with the file's name for what is none.
inline constexpr std::string_view kFeaturesFile = "features.json";
[[nodiscard]] FeatureSet read_features(const std::filesystem::path& path);
[[nodiscard]] std::string format_features(const FeatureSet& features);
[[nodiscard]] std::optional<PointFeature> point_feature_named(std::string_view name);

// Who told which range a file's intensities have.
enum class RangeSource : std::uint8_t { caller, format, type, values };
[[nodiscard]] std::string_view name_of(RangeSource source);  // "caller", ...

struct IntensityChoice {
  Interval range = {0, 1};  // of the file's numbers; they become 0 to 1
  RangeSource source = RangeSource::format;
};

// The range of the attribute `intensity`, nothing where there is none. In this order: what the caller says; the
// file's format (Scan::intensity_range), where 99 of 100 values keep to it; the type, 8 bits, or 16 bits of
// which all values fit 8, 12 or all; the first of 1, 255, 4095 and 65535 that 99 of 100 values stay below. One
// stray value changes none of it but for 16 bits.
[[nodiscard]] std::optional<IntensityChoice> choose_intensity(
    const Scan& scan, const std::optional<Interval>& told = {});

struct InputOptions {
  FeatureSet features = {};                      // that the network wants
  std::optional<Interval> intensity_range = {};  // of the file; default: choose_intensity
  // Values that are not finite in what the network reads, and features that no attribute fills, are errors
  // instead of 0.
  bool strict = false;
  OnNote on_note = {};
};

// What was chosen and replaced.
struct InputFacts {
  std::optional<IntensityChoice> intensity = {};  // none: no such attribute, taken as 0
  std::int64_t not_finite = 0;                    // values that count as 0
  std::int64_t outside = 0;               // intensities beyond the range: they count as its ends
  std::vector<std::string> missing = {};  // attributes that the network wants and nothing fills
};

}  // namespace voxloom
