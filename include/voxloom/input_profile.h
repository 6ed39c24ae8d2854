// What the scans looked like that a network was trained on, in a few numbers, and where another scan is unlike them: in
// its unit of length, its density, where the sensor stands, or in the range of what the network reads. How sure a network
// says that it is tells nothing of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/export.h"
#include "voxloom/scan_input.h"

namespace VOXLOOM_API voxloom {

// Of one scan, or from the least to the greatest of several.
struct InputProfile {
  std::int64_t scans = 0;
  Interval points;   // how many
  Interval extent;   // metres from the sensor in the plane within which 95 of 100 points lie
  Interval density;  // points in a cubic metre that has any: half of those have at most so many
  Interval
      floor;  // metres: 1 of 100 points within 10 m in the plane (or of all, without any) lies below
  Interval surrounding;  // of eight sectors around the sensor, those with points
  // The share of the points within a quarter of the extent: about 1/16 of what is seen evenly, as from the air, and most of
  // what a turning sensor sees.
  Interval nearness = {0, 1};  // older bundles do not say
  struct Feature {
    std::string name;
    double low = 0, middle = 0, high = 0;  // 5, 50 and 95 of 100 values are not above
    friend bool operator==(const Feature&, const Feature&) = default;
  };
  std::vector<Feature> features = {};  // in their order; of all scans together

  friend bool operator==(const InputProfile&, const InputProfile&) = default;
};

// Scans without points tell nothing. Large scans are looked at in an even choice of points.
[[nodiscard]] InputProfile profile_of(const LabelledScan& scan, const FeatureSet& features);
// Over at most `scans` scans, spread over the dataset.
[[nodiscard]] InputProfile profile_of(const Dataset& data, const FeatureSet& features,
                                      std::int64_t scans = 20);

// One line for each way in which a scan is far from what the network was trained on; none where that is not known.
[[nodiscard]] std::vector<std::string> misfits(const InputProfile& trained_on,
                                               const InputProfile& scan);

// How far a scan lies outside of what a network was trained on, to compare networks by: 0 within all of it; 1 for each
// doubling of extent, density or nearness beyond and, where the network looks from the sensor, each metre of the floor,
// every one of these at most 3. A network that does not look from the sensor takes any larger extent.
[[nodiscard]] double unlikeness(const InputProfile& trained_on, const InputProfile& scan);

// features.json of a bundle with "trained_on", which older bundles do not have.
[[nodiscard]] std::string format_features(const FeatureSet& features, const InputProfile& profile);
[[nodiscard]] std::optional<InputProfile> read_profile(const std::filesystem::path& path);

}  // namespace voxloom
