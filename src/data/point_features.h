// What a point and its neighbourhood look like, in a few numbers: for the baseline that a network has
// to beat.
#pragma once

#include <array>
#include <vector>

#include "voxloom/dataset.h"

namespace voxloom::data {

// Height over the lowest point around, intensity, extent of the column of points through it; and of
// the points within about half a metre how line-like, how flat and how upright they lie; then the colour, and the number
// of the return and of all returns, 0 where there are none.
inline constexpr std::size_t kPointFeatures = 11;
using PointFeatures = std::array<float, kPointFeatures>;

[[nodiscard]] std::vector<PointFeatures> point_features(const LabelledScan& scan);

}  // namespace voxloom::data
