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

// What a feature is made of. An attribute of a name that the library does not know is a `column`.
enum class PointValue : std::uint8_t {
  intensity,  // 0 to 1, by choose_intensity()
  height,     // metres, by its frame
  distance,   // metres in the plane, by its frame
  red,        // colours: 0 to 1
  green,
  blue,
  x,  // metres, by their frame
  y,
  normal_x,  // of unit length; from the file, or of the points around
  normal_y,
  normal_z,
  column  // an attribute's own number
};
[[nodiscard]] std::string_view name_of(PointValue value);

// Where lengths are measured from.
enum class Frame : std::uint8_t {
  sensor,  // the origin of what the network sees
  scene,  // the middle of the points in the plane, and of heights the one that 1 of 100 points lie below
  ground  // of heights alone: the lowest points around (LabelledScan::above_ground)
};
[[nodiscard]] std::string_view name_of(Frame frame);

// One number of a point, as networks take it: value / unit * scale + offset, in float32.
struct PointFeature {
  PointValue value = PointValue::intensity;
  std::string column = {};          // of PointValue::column
  Frame frame = Frame::sensor;      // of height, distance, x and y
  std::optional<double> unit = {};  // default: 4 m of heights, 50 m of distances, x and y, else 1
  double scale = 1, offset = 0;
  // What stands, in the value's own numbers, where a point has none; without it, scans that lack the attribute are
  // refused, but for intensity, which is 0 then, as is what is not finite.
  std::optional<double> missing = {};

  [[nodiscard]] double divisor() const;  // the unit, or its default
  friend bool operator==(const PointFeature&, const PointFeature&) = default;
};
// "intensity", "ring", "height above the ground", for messages.
[[nodiscard]] std::string name_of(const PointFeature& feature);

// What a network takes for each point. The default is what bundles want that do not say.
struct FeatureSet {
  std::vector<PointFeature> features = {
      {PointValue::intensity}, {PointValue::height}, {PointValue::distance}};
  // What the network calls no intensity and a full one.
  Interval intensity_range = {0, 1};

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(features.size()); }
  // In whatever frame and unit.
  [[nodiscard]] bool has(PointValue value) const;
  [[nodiscard]] bool has_colours() const;
  [[nodiscard]] bool has_normals() const;
  [[nodiscard]] bool has(Frame frame) const;  // a feature that is measured from there
  friend bool operator==(const FeatureSet&, const FeatureSet&) = default;
};

// Throws std::invalid_argument unless there are features, each of them once, their numbers are finite, no unit is 0,
// frames are those of lengths, one attribute has one stand-in, and the range is one.
void validate(const FeatureSet& features);

// The file features.json of a bundle, {"features": [...], "intensity_range": [0, 1]}; both may be left out. A feature is
// a name, or an object:
//
//   "height"                                          a value; distance, x, y, red, ... likewise
//   "colour", "normal", "returns"                     several: red, green, blue; normal_x, normal_y, normal_z; the
//                                                     attributes return_number and number_of_returns in units of 4
//   {"value": "height", "frame": "ground", "unit": 1, "scale": 1, "offset": 0}
//   {"column": "ring", "unit": 64, "missing": 0}      an attribute in its own numbers. intensity and colours are
//                                                     the values, 0 to 1, unless there is a unit, which divides the
//                                                     file's own numbers
//
// What else stands there is passed over. FormatError with the file's name for what is none.
inline constexpr std::string_view kFeaturesFile = "features.json";
[[nodiscard]] FeatureSet read_features(const std::filesystem::path& path);
[[nodiscard]] std::string format_features(const FeatureSet& features);

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
  // whatever stands in for them.
  bool strict = false;
  OnNote on_note = {};
};

// What was chosen and replaced.
struct InputFacts {
  std::optional<IntensityChoice> intensity = {};  // none: no such attribute, taken as 0
  std::int64_t not_finite = 0;                    // values that count as 0
  std::int64_t outside = 0;               // intensities beyond the range: they count as its ends
  std::vector<std::string> missing = {};  // attributes that the network wants and nothing fills
  // Where each feature comes from: "intensity from column intensity, divided by 255".
  std::vector<std::string> sources = {};
  // Where the scan is unlike those that the network was trained on, see input_profile.h.
  std::vector<std::string> misfits = {};
};

}  // namespace voxloom
