#include "bench/measure.h"

#include <algorithm>
#include <vector>

#include "bench/clock.h"
#include "bench/machine.h"
#include "bench/memory_probe.h"
#include "voxloom/memory.h"
#include "voxloom/parallel.h"

namespace voxloom::bench {
namespace {

struct Samples {
  std::vector<double> seconds, cpu_seconds;
  std::vector<double> peaks, copies;  // limits stand before and after each repetition
};

double timed(const Case& c) {
  if (c.prepare) c.prepare();
  const Clock::time_point start = Clock::now();
  c.body();
  return seconds_since(start);
}

// A repetition is compared with the better of the limits on either side of it: what disturbs a short
// limit measurement must not flatter the case.
std::vector<double> limits_beside(const std::vector<double>& limits) {
  std::vector<double> beside;
  for (std::size_t i = 0; i + 1 < limits.size(); ++i) {
    beside.push_back(std::max(limits[i], limits[i + 1]));
  }
  return beside;
}

std::optional<double> median_share(double work, const std::vector<double>& seconds,
                                   const std::vector<double>& limits) {
  if (work <= 0 || limits.empty()) return std::nullopt;
  std::vector<double> shares;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    shares.push_back(work / seconds[i] * 1e-9 / limits[i]);
  }
  return spread_of(std::move(shares)).median;
}

Samples take_samples(const Case& c, const MeasureOptions& options) {
  Samples samples;
  const bool copies = c.task.bytes > 0;
  const CopyProbe probe(copies ? static_cast<std::size_t>(c.task.bytes) : 0);
  const auto measure_limits = [&] {
    samples.peaks.push_back(fma_peak(options.threads));
    if (copies) samples.copies.push_back(probe.measure(options.threads));
  };
  measure_limits();
  double total = 0;
  for (int i = 0; i < options.most_repetitions; ++i) {
    if (i >= options.least_repetitions && total >= options.least_seconds) break;
    // The probes have thrown the case's data out of the caches: a short case runs once untimed.
    constexpr double kShort = 5e-3;
    if (samples.seconds.empty() || samples.seconds.back() < kShort) static_cast<void>(timed(c));
    const double cpu_before = processor_seconds();
    samples.seconds.push_back(timed(c));
    samples.cpu_seconds.push_back(processor_seconds() - cpu_before);
    total += samples.seconds.back();
    measure_limits();
  }
  return samples;
}

void summarize(const Samples& samples, Record& record) {
  const Task& task = record.task;
  record.repetitions = static_cast<int>(samples.seconds.size());
  record.seconds = spread_of(samples.seconds);
  record.peak_gflops = spread_of(samples.peaks).median;
  record.copy_gbs = spread_of(samples.copies).median;
  record.peak_share = median_share(task.flops, samples.seconds, limits_beside(samples.peaks));
  record.cpu_seconds = spread_of(samples.cpu_seconds).median;
  // Flops per processor second against the peak of one processor.
  record.cpu_share =
      median_share(task.flops * record.threads, samples.cpu_seconds, limits_beside(samples.peaks));
  record.copy_share = median_share(task.bytes, samples.seconds, limits_beside(samples.copies));
  if (record.peak_share) {
    record.best_share =
        task.flops / record.seconds.least * 1e-9 / *std::ranges::max_element(samples.peaks);
  }
}

}  // namespace

Record measure(const Case& c, const MeasureOptions& options) {
  Record record;
  record.task = c.task;
  record.threads = options.threads;
  with_threads(options.threads, [&] {
    record.memory_added = memory_added([&] { record.first_seconds = timed(c); });
    record.peak_memory = peak_memory();
    MemoryPool pool;
    const PoolScope scope(pool);
    summarize(take_samples(c, options), record);
  });
  return record;
}

}  // namespace voxloom::bench
