// Reducing rows that belong together, as problems: the points of a voxel, the rows of a batch.
#pragma once

#include <string_view>

#include "coords/segments.h"
#include "voxloom/options.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

// y[s] = the rows of segment s reduced: their sum, mean, maximum, first row or number. Sums and means are
// binary64, so that a million rows lose nothing; of maxima a NaN wins, ties go to the lowest row. An
// empty segment is 0. Every element of y is written.
struct SegmentReduce {
  static constexpr std::string_view kName = "segment_reduce";

  const Segments* segments = nullptr;
  Reduction reduction = Reduction::sum;
  const Tensor* x = nullptr;  // (N, C), float32 / float16 / bfloat16; not read by count
  Tensor* y = nullptr;        // (segments, C) of x's dtype; for count (segments, 1) of any of them

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.y);
  }
};

// The row that wins each element by the maximum's rule; -1 for an empty segment.
struct SegmentMaxWinners {
  static constexpr std::string_view kName = "segment_max_winners";

  const Segments* segments = nullptr;
  const Tensor* x = nullptr;  // (N, C)
  Tensor* winners = nullptr;  // (segments, C) int32; every element is written

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.winners);
  }
};

}  // namespace voxloom::engine
