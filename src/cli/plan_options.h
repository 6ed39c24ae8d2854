// How commands that run convolutions come by their algorithms.
#pragma once

#include <cstddef>

#include "cli/options.h"

namespace voxloom::cli {

// --algorithm NAME: pins one convolution algorithm.
void add_algorithm_option(Options command);

// Refuses VOXLOOM_ISA and VOXLOOM_ALGORITHM with names that are not known. Loads the tuned plans of the
// default file; one that cannot be used is a warning on stderr.
// Returns how many there are.
std::size_t use_tuned_plans();

}  // namespace voxloom::cli
