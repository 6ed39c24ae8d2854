#include "core/parallel.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "core/context_state.h"
#include "core/error.h"

#if defined(VOXLOOM_TSAN)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace voxloom {
namespace {

// Distributions ship oneTBB without thread-sanitizer instrumentation, so the sanitizer cannot see
// that a task starts after its spawn and ends before the wait. These two marks tell it.
class HappensBefore {
 public:
  void release() noexcept {
#if defined(VOXLOOM_TSAN)
    __tsan_release(this);
#endif
  }
  void acquire() noexcept {
#if defined(VOXLOOM_TSAN)
    __tsan_acquire(this);
#endif
  }

 private:
  [[maybe_unused]] char mark_ = 0;
};

// oneTBB's threads are not in a forked child, and what they held stays held: a child of a process that
// has used them works alone. Results do not depend on the number of threads.
std::atomic<bool> has_used_threads = false;
std::atomic<bool> is_alone = false;
[[maybe_unused]] const int at_fork =
    pthread_atfork(nullptr, nullptr, [] { is_alone = has_used_threads.load(); });

}  // namespace

void parallel_for(std::int64_t count, std::int64_t grain, ChunkBody body) {
  if (count <= 0) return;
  require(grain > 0, "parallel_for", "grain must be positive, got {}", grain);
  const std::int64_t chunks = (count - 1) / grain + 1;
  check_stop();
  if (chunks == 1) return body(0, count);
  if (is_alone) {
    for (std::int64_t begin = 0; begin < count; begin += grain) {
      check_stop();
      body(begin, std::min(count, begin + grain));
    }
    return;
  }
  if (!has_used_threads) has_used_threads = true;
  HappensBefore started;
  HappensBefore finished;
  started.release();
  const ContextCarrier context;
  tbb::parallel_for(
      tbb::blocked_range<std::int64_t>(0, chunks, 1),
      [&](const tbb::blocked_range<std::int64_t>& range) {
        started.acquire();
        const ContextCarrier::Scope scope(context);
        for (std::int64_t chunk = range.begin(); chunk < range.end(); ++chunk) {
          check_stop();
          body(chunk * grain, std::min(count, (chunk + 1) * grain));
        }
        finished.release();
      },
      tbb::auto_partitioner());
  finished.acquire();
}

void run_isolated(const std::function<void()>& body) {
  if (is_alone) return body();
  tbb::this_task_arena::isolate(body);
}

void with_threads(int threads, const std::function<void()>& body) {
  require(threads >= 0 && threads <= kMostThreads, "with_threads",
          "the number of threads must be from 0 to {}, got {}", kMostThreads, threads);
  if (threads == 0 || is_alone) return body();
  // The arena limits from above. A control counts for the whole process, and the lowest one rules,
  // so there is one only where more threads are asked for than there would be without.
  using tbb::global_control;
  std::optional<global_control> control;
  const auto wanted = static_cast<std::size_t>(threads);
  if (wanted > global_control::active_value(global_control::max_allowed_parallelism)) {
    control.emplace(global_control::max_allowed_parallelism, wanted);
  }
  tbb::task_arena arena(threads);
  arena.execute(body);
}

int available_threads() { return is_alone ? 1 : tbb::this_task_arena::max_concurrency(); }

}  // namespace voxloom
