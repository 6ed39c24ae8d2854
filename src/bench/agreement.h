// Whether an algorithm computes what the plain reference computes, within the accuracy that every
// algorithm promises (docs/semantics.md, section 5).
#pragma once

#include "engine/convolution.h"

namespace voxloom::bench {

// The largest difference from the reference as a share of what is allowed; at most 1 for an
// algorithm that agrees, infinity where one of the two is no number and the other is.
//
// Either result may be off by one error bound, so two are allowed. `zero_mean` data has a second,
// tighter bound. The epilogue is left out and half-precision results are compared before their
// rounding. Of a large problem some output rows are looked at.
[[nodiscard]] double error_share(const engine::Algorithm<engine::ConvForward>& algorithm,
                                 const engine::ConvForward& problem, bool zero_mean);
// Of a large problem, the gradient of some output rows.
[[nodiscard]] double error_share(const engine::Algorithm<engine::ConvWeightGradient>& algorithm,
                                 const engine::ConvWeightGradient& problem, bool zero_mean);

}  // namespace voxloom::bench
