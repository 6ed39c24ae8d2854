// usage: planted race|warp|blocks|bounds|barrier right|wrong
//
// Mistakes in kernels, and the same kernels without: built with the thread or the address sanitizer, this
// program must fail on the wrong ones. It holds the emulation to finding them.

#include <cstdio>
#include <exception>
#include <string>

#include "cuda/device.h"
#include "cuda/stream.h"

namespace {

using namespace voxloom::cuda;
constexpr Stream kStream{};

// Each thread reads what its neighbour wrote.
template <bool kRight>
struct PassOn {
  static constexpr int kThreads = 64;
  struct Shared {
    int value[kThreads];
  };
  int* to;

  void operator()(Team& team, Shared& shared) const {
    shared.value[team.index()] = team.index();
    if (kRight) team.barrier();
    to[team.global()] = shared.value[(team.index() + 1) % kThreads];
  }
};

// A warp's exchange orders no memory.
template <bool kRight>
struct PassOnInWarp {
  static constexpr int kThreads = 32;
  struct Shared {
    int value[kThreads];
  };
  int* to;

  void operator()(Team& team, Shared& shared) const {
    shared.value[team.index()] = team.index();
    if (kRight) team.warp_barrier();
    const std::uint32_t all = team.ballot(true);
    to[team.global()] = shared.value[(team.index() + 1) % kThreads] + (all == ~0U ? 0 : 1);
  }
};

// Two blocks write one place.
template <bool kRight>
struct WriteOnce {
  static constexpr int kThreads = 32;
  int* to;

  void operator()(const Thread& thread) const {
    const std::int64_t place = kRight ? thread.global() : thread.global() / 2;
    to[place] = 1;
  }
};

template <bool kRight>
struct ReadAll {
  static constexpr int kThreads = 64;
  const int* from;
  std::int64_t count;
  int* to;

  void operator()(const Thread& thread) const {
    const std::int64_t i = thread.global();
    if (kRight ? i < count : i <= count) to[0] += from[i];
  }
};

// Half of the block never comes.
template <bool kRight>
struct Diverge {
  static constexpr int kThreads = 64;
  struct Shared {
    int value;
  };

  void operator()(Team& team, Shared& shared) const {
    if (kRight || team.index() < 32) team.barrier();
    if (team.index() == 0) shared.value = 1;
  }
};

template <bool kRight>
void run(const std::string& what) {
  Array<int> there(256, kStream);
  there.fill_bytes(0);
  if (what == "race") launch(kStream, 2, PassOn<kRight>{there.data()});
  if (what == "warp") launch(kStream, 2, PassOnInWarp<kRight>{there.data()});
  if (what == "blocks") launch(kStream, 2, WriteOnce<kRight>{there.data()});
  if (what == "bounds") {
    Array<int> few(100, kStream);
    few.fill_bytes(0);
    launch(kStream, 2, ReadAll<kRight>{few.data(), few.size(), there.data()});
  }
  if (what == "barrier") launch(kStream, 1, Diverge<kRight>{});
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  if (std::string(argv[2]) == "right") {
    run<true>(argv[1]);
  } else {
    run<false>(argv[1]);
  }
  std::puts("done");
} catch (const std::exception& error) {
  std::puts(error.what());
  return 1;
}
