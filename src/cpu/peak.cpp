#include "cpu/peak.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "cpu/kernel_table.h"
#include "voxloom/memory.h"

namespace voxloom::cpu {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

double measure_fma_peak(Isa isa, double milliseconds) {
  const KernelInfo<PeakArgs> kernel = kernels_of<PeakArgs>(isa, DType::f32).front();
  volatile float sink = 0.0F;
  constexpr std::int64_t kSteps = 2000;  // a few microseconds: hardly ever interrupted
  const double flops = 2.0 * kSteps * kernel.rows * kernel.width;
  double best = 0.0;
  const Clock::time_point start = Clock::now();
  do {
    float out = 0.0F;
    const Clock::time_point begin = Clock::now();
    kernel.run({.steps = kSteps, .out = &out});
    best = std::max(best, flops / seconds_since(begin));
    sink = out;
  } while (seconds_since(start) * 1e3 < milliseconds);
  static_cast<void>(sink);
  return best * 1e-9;
}

double measure_copy_bandwidth(std::size_t bytes) {
  const auto from = allocate_bytes(bytes);
  const auto to = allocate_bytes(bytes);
  std::memset(from.get(), 1, bytes);
  std::memset(to.get(), 1, bytes);
  double best = 0.0;
  for (int round = 0; round < 5; ++round) {
    const Clock::time_point begin = Clock::now();
    std::memcpy(to.get(), from.get(), bytes);
    best = std::max(best, 2.0 * static_cast<double>(bytes) / seconds_since(begin));
  }
  return best * 1e-9;
}

}  // namespace voxloom::cpu
