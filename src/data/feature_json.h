// Features as JSON, in bundles and in configurations.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "voxloom/scan_input.h"

namespace voxloom::data {

// std::invalid_argument says what is none; the set is not validated.
[[nodiscard]] std::vector<PointFeature> features_from(const nlohmann::ordered_json& list);
// A name where that says all.
[[nodiscard]] nlohmann::ordered_json json_of(const std::vector<PointFeature>& features);
// The whole of features.json.
[[nodiscard]] nlohmann::ordered_json json_of(const FeatureSet& features);

}  // namespace voxloom::data
