// What this machine could do at best, measured: every speed is stated as a share of it. Other load
// moves the clock and the caches, so measure it between the runs of what is compared with it.
#pragma once

#include <cstddef>

#include "cpu/isa.h"

namespace voxloom::cpu {

// GFLOP/s of independent float32 multiply-adds on one thread (each counts two), over about
// `milliseconds`.
[[nodiscard]] double measure_fma_peak(Isa isa, double milliseconds = 1.0);

// GB/s of a copy on one thread, bytes read plus bytes written. 2 * `bytes` should lie well beyond
// the caches.
[[nodiscard]] double measure_copy_bandwidth(std::size_t bytes = std::size_t{64} << 20);

}  // namespace voxloom::cpu
