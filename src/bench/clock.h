// Wall-clock time, and the time that processors spent on this process.
#pragma once

#include <chrono>
#include <ctime>

namespace voxloom::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of all threads together; grows only while they run, so that other programs do not show in it.
[[nodiscard]] inline double processor_seconds() {
  std::timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace voxloom::bench
