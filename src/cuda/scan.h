// Exclusive sums of 32-bit counts on the device.
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace voxloom::cuda {

// values[i] becomes the sum of values[0..i). Sums stay below 2^32: counts of rows do.
// With a 0 behind the last count, the total stands there afterwards.
void exclusive_sums(std::uint32_t* values, std::int64_t count, Stream stream);

}  // namespace voxloom::cuda
