// Values that are far from nearly all others, which would leave those no room on a scale.
#pragma once

#include <cstddef>
#include <vector>

namespace voxloom::viz {

struct Scale {
  double low = 0, high = 0;  // of the values that are not stray
  std::size_t stray = 0;
};

// Stray is what lies beyond the inner 98 of 100 values by more than `reach` times their width. Of fewer than 50
// values none is, nor where the inner ones are all the same. Consumes the values; they must be finite.
[[nodiscard]] Scale scale_of(std::vector<double> values, double reach);

}  // namespace voxloom::viz
