#include "cuda/emulation.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <chrono>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/stream.h"
#include "voxloom/error.h"

// This file is never instrumented for threads itself: what it exchanges between lanes must not look
// like an ordering, nor like a race. It tells the sanitizer what the device orders.
#ifdef VOXLOOM_TSAN
extern "C" {
void* __tsan_create_fiber(unsigned flags);
void* __tsan_get_current_fiber();
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif
#if defined(__SANITIZE_ADDRESS__)
#define VOXLOOM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VOXLOOM_ASAN 1
#endif
#endif
#ifdef VOXLOOM_ASAN
extern "C" {
void __sanitizer_start_switch_fiber(void** fake_stack_save, const void* bottom, std::size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, std::size_t* size);
}
#endif

namespace voxloom::cuda::emulation {
namespace {

constexpr int kWarp = 32;
constexpr std::size_t kStackBytes = std::size_t{256} << 10;
constexpr std::size_t kGuardBytes = 4096;

#ifdef VOXLOOM_TSAN
constexpr unsigned kNoOrder = 1;
void acquire(void* address) { __tsan_acquire(address); }
void release_to(void* address) { __tsan_release(address); }
#else
void acquire(void*) {}
void release_to(void*) {}
#endif

// A place to run: the launcher's own stack, or a fiber's.
struct Place {
  ucontext_t context{};
  jmp_buf jump;
  bool is_entered = true;
  void* stack = nullptr;
  void* sanitizer = nullptr;  // the thread sanitizer's handle
  const void* bottom = nullptr;
  std::size_t size = 0;
};

void switch_places([[maybe_unused]] Place& from, Place& to) {
#ifdef VOXLOOM_TSAN
  __tsan_switch_to_fiber(to.sanitizer, kNoOrder);
#endif
#ifdef VOXLOOM_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, to.bottom, to.size);
#endif
#if defined(VOXLOOM_ASAN) || defined(VOXLOOM_TSAN)
  swapcontext(&from.context, &to.context);
#else
  // swapcontext asks the system for the signal mask each time, which is most of its cost.
  if (_setjmp(from.jump) == 0) {
    if (to.is_entered) _longjmp(to.jump, 1);
    to.is_entered = true;
    setcontext(&to.context);
  }
#endif
#ifdef VOXLOOM_ASAN
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

enum class State : std::uint8_t { ready, at_barrier, at_warp_barrier, done };

class Machine;

struct Fiber {
  Place place;
  State state = State::done;
  Machine* machine = nullptr;
  int index = 0;
  unsigned barriers = 0, warp_barriers = 0;  // passed so far, modulo 2: see Meeting
};

// Where threads wait for each other. Two orderings in turn: a thread that leaves late must not learn
// what others did on their way to the next meeting.
struct Meeting {
  int arrived = 0;
  char order[2] = {};
};

struct Warp {
  Meeting meeting;
  std::uint64_t values[2][kWarp];
  unsigned turn[kWarp] = {};
};

class Machine final : public Block {
 public:
  void run(const Grid& grid, TogetherBody body, const void* kernel) {
    const std::lock_guard lock(mutex_);
    grow(grid.threads);
    grid_ = grid;
    body_ = body;
    kernel_ = kernel;
#ifdef VOXLOOM_TSAN
    launcher_.sanitizer = __tsan_get_current_fiber();
#endif
    std::vector<std::unique_ptr<char, decltype(&std::free)>> shared;
    for (number_ = 0; number_ < grid.blocks; ++number_) {
#ifdef VOXLOOM_TSAN
      const bool is_fresh = true;  // the blocks' accesses must not look like accesses to one memory
#else
      const bool is_fresh = shared.empty();
#endif
      // Exactly as large as it is, so that the address sanitizer sees the end.
      if (is_fresh) {
        const std::size_t bytes = (grid.shared_bytes + 63) / 64 * 64;
        shared.emplace_back(static_cast<char*>(std::aligned_alloc(64, bytes)), &std::free);
        if (shared.back() == nullptr) throw std::bad_alloc();
      }
      shared_ = shared.back().get();
      std::memset(shared_, 0xCD, grid.shared_bytes);
      run_block();
    }
    acquire(&end_);
  }

  void barrier() override { meet(*current_, block_, State::at_barrier, current_->barriers); }
  void warp_barrier() override {
    meet(*current_, warp().meeting, State::at_warp_barrier, current_->warp_barriers);
  }
  const std::uint64_t* exchange(std::uint64_t value) override {
    Fiber& self = *current_;
    Warp& mine = warp();
    const unsigned turn = mine.turn[self.index % kWarp]++ % 2;
    mine.values[turn][self.index % kWarp] = value;
    wait(self, mine.meeting, State::at_warp_barrier);
    return mine.values[turn];
  }

 private:
  Warp& warp() { return warps_[static_cast<std::size_t>(current_->index / kWarp)]; }

  void grow(int threads) {
    while (static_cast<int>(fibers_.size()) < threads) {
      fibers_.push_back(std::make_unique<Fiber>());
      prepare(*fibers_.back(), static_cast<int>(fibers_.size()) - 1);
    }
  }

  [[gnu::noinline]] void prepare(Fiber& fiber, int index) {
    void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) throw std::bad_alloc();
    mprotect(stack, kGuardBytes, PROT_NONE);  // whoever runs out of stack faults
    Place& place = fiber.place;
    place.stack = stack;
    place.bottom = stack;
    place.size = kStackBytes;
    place.is_entered = false;
#ifdef VOXLOOM_TSAN
    place.sanitizer = __tsan_create_fiber(0);
#endif
    fiber.machine = this;
    fiber.index = index;
    getcontext(&place.context);
    place.context.uc_stack.ss_sp = stack;
    place.context.uc_stack.ss_size = kStackBytes;
    place.context.uc_link = nullptr;
    const auto address = reinterpret_cast<std::uintptr_t>(&fiber);
    makecontext(&place.context, reinterpret_cast<void (*)()>(&live), 2,
                static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  }

  // A fiber lives as long as the program: one thread of each block after another.
  static void live(unsigned high, unsigned low) {
    auto& self = *reinterpret_cast<Fiber*>((static_cast<std::uintptr_t>(high) << 32) | low);
    Machine& machine = *self.machine;
#ifdef VOXLOOM_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &machine.launcher_.bottom, &machine.launcher_.size);
#endif
    for (;;) {
      acquire(&machine.start_);
      machine.body_(machine.kernel_, machine, machine.number_, machine.grid_.blocks, self.index,
                    machine.shared_);
      release_to(&machine.end_);
      self.state = State::done;
      switch_places(self.place, machine.launcher_);
    }
  }

  void run_block() {
    const int threads = grid_.threads;
    warps_.assign(static_cast<std::size_t>((threads + kWarp - 1) / kWarp), Warp{});
    block_.arrived = 0;
    for (int i = 0; i < threads; ++i) {
      Fiber& fiber = *fibers_[static_cast<std::size_t>(i)];
      fiber.state = State::ready;
      fiber.barriers = fiber.warp_barriers = 0;
    }
    release_to(&start_);
    for (bool progress = true; progress;) {
      progress = false;
      for (int i = 0; i < threads; ++i) {
        Fiber& fiber = *fibers_[static_cast<std::size_t>(i)];
        if (fiber.state != State::ready) continue;
        progress = true;
        current_ = &fiber;
        switch_places(launcher_, fiber.place);
      }
    }
    for (int i = 0; i < threads; ++i) {
      const State state = fibers_[static_cast<std::size_t>(i)]->state;
      if (state == State::done) continue;
      // Its fibers hang in the middle of a kernel: later launches get new ones.
      for (auto& fiber : fibers_) abandoned_.push_back(std::move(fiber));
      fibers_.clear();
      throw std::logic_error("[cuda emulation] thread " + std::to_string(i) + " of block " +
                             std::to_string(number_) + " waits at a " +
                             (state == State::at_barrier ? "barrier" : "warp's exchange") +
                             " that others never reach");
    }
  }

  void meet(Fiber& self, Meeting& meeting, State state, unsigned& passed) {
    char* order = &meeting.order[passed++ % 2];
    release_to(order);
    wait(self, meeting, state);
    acquire(order);
  }

  // The last one to come lets all go.
  void wait(Fiber& self, Meeting& meeting, State state) {
    const bool is_warp = state == State::at_warp_barrier;
    const int first = is_warp ? self.index / kWarp * kWarp : 0;
    const int last = is_warp ? first + kWarp : grid_.threads;
    if (++meeting.arrived < last - first) {
      self.state = state;
      switch_places(self.place, launcher_);
      return;
    }
    meeting.arrived = 0;
    for (int i = first; i < last; ++i) fibers_[static_cast<std::size_t>(i)]->state = State::ready;
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Fiber>> fibers_, abandoned_;
  std::vector<Warp> warps_;
  Meeting block_;
  Place launcher_;
  Fiber* current_ = nullptr;
  Grid grid_{};
  TogetherBody body_ = nullptr;
  const void* kernel_ = nullptr;
  std::int64_t number_ = 0;
  void* shared_ = nullptr;
  char start_ = 0, end_ = 0;
};

Machine& machine() {
  static auto* the_one = new Machine;  // fibers never end
  return *the_one;
}

}  // namespace

void run_together(const Grid& grid, TogetherBody body, const void* kernel) {
  machine().run(grid, body, kernel);
}

void run_apart(const Grid& grid, ApartBody body, const void* kernel) {
#ifdef VOXLOOM_TSAN
  // As fibers, so that two threads that write one place are found.
  struct Apart {
    ApartBody body;
    const void* kernel;
  } apart{body, kernel};
  run_together(
      grid,
      [](const void* a, Block&, std::int64_t number, std::int64_t blocks, int index, void*) {
        const auto& [run, it] = *static_cast<const Apart*>(a);
        run(it, number, blocks, index);
      },
      &apart);
#else
  for (std::int64_t number = 0; number < grid.blocks; ++number) {
    for (int index = 0; index < grid.threads; ++index) body(kernel, number, grid.blocks, index);
  }
#endif
}

}  // namespace voxloom::cuda::emulation

// Device memory is the host's.
namespace voxloom::cuda {
namespace {

std::int64_t waits = 0;

}  // namespace

std::string device_name() { return "emulation"; }
bool is_emulated() { return true; }

void* allocate(std::size_t bytes, Stream) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr && bytes > 0) {
    throw ResourceError("[cuda] " + std::to_string(bytes) + " bytes are not there");
  }
  // Whoever reads what nobody wrote sees nonsense, every time.
  if (bytes > 0) std::memset(memory, 0xA5, bytes);
  return memory;
}
void release(void* memory, Stream) noexcept { std::free(memory); }

void copy_to_device(void* to, const void* from_host, std::size_t bytes, Stream) {
  if (bytes > 0) std::memcpy(to, from_host, bytes);
}
void copy_to_host(void* to_host, const void* from, std::size_t bytes, Stream) {
  if (bytes > 0) std::memcpy(to_host, from, bytes);
  ++waits;
}
void copy(void* to, const void* from, std::size_t bytes, Stream) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}
void fill_bytes(void* to, int value, std::size_t bytes, Stream) {
  if (bytes > 0) std::memset(to, value, bytes);
}
void synchronize(Stream) { ++waits; }
std::int64_t host_waits() { return waits; }

using Clock = std::chrono::steady_clock;
Stopwatch::Stopwatch() : begin_(new Clock::time_point) {}
Stopwatch::~Stopwatch() { delete static_cast<Clock::time_point*>(begin_); }
void Stopwatch::start(Stream) { *static_cast<Clock::time_point*>(begin_) = Clock::now(); }
double Stopwatch::stop(Stream) {
  const auto passed = Clock::now() - *static_cast<Clock::time_point*>(begin_);
  return std::chrono::duration<double, std::micro>(passed).count();
}

void require_blocks(std::int64_t blocks) {
  constexpr std::int64_t kMost = (std::int64_t{1} << 31) - 1;
  if (blocks < 0 || blocks > kMost) {
    throw ResourceError("[cuda] " + std::to_string(blocks) + " blocks; at most " +
                        std::to_string(kMost) + " fit a grid");
  }
}
void require_started() {}

}  // namespace voxloom::cuda
