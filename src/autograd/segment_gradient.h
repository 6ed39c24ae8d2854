// What a reduction over segments gives back to the rows: of the points of voxels, of the rows of batches.
#pragma once

#include <cstdint>
#include <vector>

#include "voxloom/points.h"

namespace voxloom::autograd {

struct SegmentGradient {
  Reduction reduction{};                     // not count
  std::vector<std::int32_t> segment_of_row;  // -1: of none
  std::int64_t segments = 0;
  Tensor features = {};  // of the rows, for max alone

  // From (segments, C) to (rows, C).
  [[nodiscard]] Tensor operator()(const Tensor& dy) const;
};

}  // namespace voxloom::autograd
