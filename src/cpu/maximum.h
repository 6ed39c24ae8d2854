// The one rule for maxima: a NaN beats every number; among equals, two NaNs included, the row that
// comes first stays.
#pragma once

#include <cmath>

namespace voxloom::cpu {

[[nodiscard]] inline bool beats(float challenger, float holder) {
  return challenger > holder || (std::isnan(challenger) && !std::isnan(holder));
}

[[nodiscard]] inline bool ties(float challenger, float holder) {
  return challenger == holder || (std::isnan(challenger) && std::isnan(holder));
}

}  // namespace voxloom::cpu
