// The device, emulated on the CPU, for tests on machines without a card.
//
// Each device thread is a fiber: a stack of its own that gives way at barriers and exchanges. Fibers
// rather than system threads, because a block of 256 of those costs milliseconds a barrier on a machine
// of two cores, and because the thread sanitizer knows fibers: they are threads to it, ordered by our
// barriers alone. It finds a forgotten barrier every time, not when the scheduler happens to be unlucky.
// Blocks run one after another; to the sanitizer they are not ordered either.
//
// A barrier that some threads never reach is an error (std::logic_error), not a hang.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace voxloom::cuda::emulation {

class Block {
 public:
  // Called by the fiber that runs.
  virtual void barrier() = 0;
  virtual void warp_barrier() = 0;
  // Gives `value` to the warp; what its 32 lanes gave stands there until the exchange after next.
  virtual const std::uint64_t* exchange(std::uint64_t value) = 0;

 protected:
  ~Block() = default;
};

// Asynchronous copies of one thread: nothing arrives before it is waited for.
class Copies {
 public:
  void start(void* to, const void* from, bool take) {
    open_.copy[open_.count++] = {to, from, take};
  }
  void commit() {
    groups_[(first_ + count_++) % kMostGroups] = open_;
    open_.count = 0;
  }
  // All but the last `left` groups arrive.
  void wait(int left) {
    for (; count_ > left; --count_) arrive(groups_[first_++ % kMostGroups]);
  }

 private:
  static constexpr int kMostGroups = 8;
  static constexpr int kMostCopies = 32;
  struct Group {
    struct {
      void* to;
      const void* from;
      bool take;
    } copy[kMostCopies];
    int count = 0;
  };
  static void arrive(const Group& group) {
    for (int i = 0; i < group.count; ++i) {
      const auto& [to, from, take] = group.copy[i];
      if (take) {
        std::memcpy(to, from, 16);
      } else {
        std::memset(to, 0, 16);
      }
    }
  }

  Group open_, groups_[kMostGroups];
  unsigned first_ = 0;
  int count_ = 0;
};

struct Grid {
  std::int64_t blocks;
  int threads;
  std::size_t shared_bytes;
};

using TogetherBody = void (*)(const void* kernel, Block& block, std::int64_t number,
                              std::int64_t blocks, int index, void* shared);
void run_together(const Grid& grid, TogetherBody body, const void* kernel);

using ApartBody = void (*)(const void* kernel, std::int64_t number, std::int64_t blocks, int index);
void run_apart(const Grid& grid, ApartBody body, const void* kernel);

}  // namespace voxloom::cuda::emulation
