// Points of the vehicle, or the person, that carries the sensor.
#pragma once

#include <cstdint>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/point_labeller.h"

namespace voxloom::cli {

// A scan without the points that lie nearer to the sensor than a radius, seen from above.
struct WithoutEgo {
  LabelledScan rest;
  std::vector<std::int32_t> points;  // of the whole scan, those that the rest has
};
[[nodiscard]] WithoutEgo without_ego(const LabelledScan& scan, double radius);

// The labels of the rest as those of all `size` points: the others have no class.
[[nodiscard]] label::PointLabels for_all(const label::PointLabels& of_rest, const WithoutEgo& parts,
                                         std::int64_t size, std::int64_t classes);

}  // namespace voxloom::cli
