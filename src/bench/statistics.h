// What a list of repeated measurements says. Timings on a shared machine have a long tail, so the
// middle and the quartiles are reported, never a mean.
#pragma once

#include <vector>

namespace voxloom::bench {

struct Spread {
  double median = 0;
  double low = 0, high = 0;  // quartiles, interpolated
  double least = 0, most = 0;
};

// All zeros for an empty list.
[[nodiscard]] Spread spread_of(std::vector<double> values);

}  // namespace voxloom::bench
