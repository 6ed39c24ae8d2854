// Parallel loops over oneTBB, in the caller's arena. The split into chunks depends on (count, grain)
// alone, never on the number of threads: a chunk may therefore own a partial sum.
#pragma once

#include <cstdint>
#include <functional>

#include "voxloom/parallel.h"

namespace voxloom {

// Non-owning reference to a callable: the loop's body crosses a library boundary without a heap
// allocation and without TBB's headers in every source.
class ChunkBody {
 public:
  template <typename F>
  ChunkBody(const F& f)  // NOLINT: implicit on purpose
      : object_(&f), call_([](const void* object, std::int64_t begin, std::int64_t end) {
          (*static_cast<const F*>(object))(begin, end);
        }) {}
  void operator()(std::int64_t begin, std::int64_t end) const { call_(object_, begin, end); }

 private:
  const void* object_;
  void (*call_)(const void*, std::int64_t, std::int64_t);
};

// Calls body(begin, end) for [0, grain), [grain, 2 grain), ... up to count, in any order and on any
// thread. An exception from one chunk is rethrown here.
void parallel_for(std::int64_t count, std::int64_t grain, ChunkBody body);

// Runs `body` so that loops inside it never pick up outside work while they wait. Whoever holds a
// lock or a once_flag needs it: the outside work could want the same one, on the same thread.
void run_isolated(const std::function<void()>& body);

}  // namespace voxloom
