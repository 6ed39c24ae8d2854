// A scan's features as numbers.
#pragma once

#include <cstddef>

#include "voxloom/dataset.h"

namespace voxloom::data {

// std::invalid_argument for a scan that lacks what the features read, or is not completed for them, and for a value of
// theirs that is not finite: it names the point. `op` is who asks.
void check_values(const LabelledScan& scan, const FeatureSet& features, std::string_view op);

// One feature of all points, one after another, `stride` apart. The scan must have passed check_values().
void write_feature(const LabelledScan& scan, const PointFeature& feature, const FeatureSet& set,
                   std::size_t stride, float* to);

// The attribute of LabelledScan::columns; null when it is not there.
[[nodiscard]] const PointColumn* find_column(const LabelledScan& scan, std::string_view name);

}  // namespace voxloom::data
