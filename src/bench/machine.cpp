#include "bench/machine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "bench/clock.h"
#include "core/parallel.h"
#include "cpu/cpu_name.h"
#include "cpu/peak.h"
#include "voxloom/isa.h"
#include "voxloom/memory.h"

namespace voxloom::bench {
namespace {

// Calls body(i) for i in [0, threads), all at the same time when the arena has that many threads
// awake. One that comes late is not waited for long: a busy machine must not hang the program.
template <typename Body>
void on_all_threads(int threads, const Body& body) {
  constexpr double kPatience = 2e-3;
  std::atomic<int> arrived{0};
  parallel_for(threads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      arrived.fetch_add(1);
      const Clock::time_point start = Clock::now();
      while (arrived.load() < threads && seconds_since(start) < kPatience) {
      }
      body(i);
    }
  });
}

constexpr std::size_t kSmallestBuffer = 4096;

}  // namespace

Machine describe_machine() {
  return {.cpu = cpu::cpu_name(),
          .isa = current_isa(),
          .cores = static_cast<int>(std::thread::hardware_concurrency())};
}

double fma_peak(int threads, double milliseconds) {
  std::vector<double> rates(static_cast<std::size_t>(threads));
  on_all_threads(threads, [&](std::int64_t i) {
    rates[static_cast<std::size_t>(i)] = cpu::measure_fma_peak(cpu::current(), milliseconds);
  });
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

CopyProbe::CopyProbe(std::size_t bytes_moved)
    : bytes_(std::max(bytes_moved / 2, kSmallestBuffer)),
      from_(allocate_bytes(bytes_)),
      to_(allocate_bytes(bytes_)) {
  std::memset(from_.get(), 1, bytes_);
  std::memset(to_.get(), 1, bytes_);
}

double CopyProbe::measure(int threads) const {
  const std::size_t share =
      (bytes_ + static_cast<std::size_t>(threads) - 1) / static_cast<std::size_t>(threads);
  // Small buffers are copied more than once, so that the clock's resolution does not matter.
  constexpr std::size_t kLeastBytes = std::size_t{8} << 20;
  const std::size_t rounds = std::max<std::size_t>(1, kLeastBytes / bytes_);
  std::vector<double> rates(static_cast<std::size_t>(threads));
  on_all_threads(threads, [&](std::int64_t i) {
    const std::size_t begin = std::min(bytes_, static_cast<std::size_t>(i) * share);
    const std::size_t count = std::min(bytes_ - begin, share);
    const Clock::time_point start = Clock::now();
    for (std::size_t round = 0; round < rounds; ++round) {
      std::memcpy(to_.get() + begin, from_.get() + begin, count);
    }
    rates[static_cast<std::size_t>(i)] =
        2.0 * static_cast<double>(count * rounds) / seconds_since(start) * 1e-9;
  });
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

}  // namespace voxloom::bench
