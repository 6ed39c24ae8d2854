// Scans made of some points of others.
#pragma once

#include <cstddef>
#include <string_view>

#include "voxloom/dataset.h"

namespace voxloom::data {

// std::invalid_argument unless all that the scan has is there for each point.
void check_rows(const LabelledScan& scan, std::string_view op);

// Without points, with the columns and the scene's origin of `scan`.
[[nodiscard]] LabelledScan without_points(const LabelledScan& scan);
// Adds a point of `from` with all that it has; both scans have the same.
void add_point(LabelledScan& to, const LabelledScan& from, std::size_t point);

}  // namespace voxloom::data
