// What a context holds. Rooms above the core keep their own settings in it as parts: a type, made by
// default when first asked for.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>

#include "voxloom/context.h"

namespace voxloom {

class Context::State {
 public:
  State() = default;
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  template <typename Part>
  [[nodiscard]] Part& part() {
    static const std::size_t slot = next_slot();
    void* found = parts_[slot].pointer.load(std::memory_order_acquire);
    if (found == nullptr) {
      found = make(
          slot, [] { return static_cast<void*>(new Part); },
          [](void* p) { delete static_cast<Part*>(p); });
    }
    return *static_cast<Part*>(found);
  }

  std::atomic<int> threads = 0;
  std::atomic<StopCheck> stop_check = nullptr;
  std::atomic<bool> has_allocator = false;  // the usual case costs one load
  mutable std::mutex mutex;                 // of the two below
  Allocator allocator;
  LogHook log;

 private:
  static constexpr std::size_t kMostParts = 16;
  struct Slot {
    std::atomic<void*> pointer = nullptr;
    void (*destroy)(void*) = nullptr;
  };

  [[nodiscard]] static std::size_t next_slot();
  void* make(std::size_t slot, void* (*create)(), void (*destroy)(void*));

  std::mutex making_;
  std::array<Slot, kMostParts> parts_;
};

// The part of the current context.
template <typename Part>
[[nodiscard]] Part& current_part() {
  return Context::current().state().part<Part>();
}

// Asks whether the call should stop; throws what the check throws.
inline void check_stop() {
  if (const StopCheck check =
          Context::current().state().stop_check.load(std::memory_order_relaxed)) {
    check();
  }
}

// What a parallel loop carries to the threads that run its chunks.
class ContextCarrier {
 public:
  ContextCarrier() : context_(&Context::current()) {}
  // While alive, the carried context is current on this thread; its pool is the thread's own.
  class Scope {
   public:
    explicit Scope(const ContextCarrier& carrier);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Context* previous_;
  };

 private:
  Context* context_;
};

}  // namespace voxloom
