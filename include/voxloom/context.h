// Context: what would otherwise be settings of the whole process. It holds the instruction set and the
// algorithm that are pinned, the tuned plans, the number of threads, where memory comes from and who is
// told of warnings. Whoever does not care uses the default context without noticing it; two contexts in
// one process share none of this.
//
//   Context context;
//   context.run([&] {
//     set_isa("avx2");                     // of this context alone
//     const SparseTensor y = net(x);
//   });
//
// The functions of isa.h and plans.h act on the current context: that of the innermost ContextScope of
// the calling thread, else the default one. Parallel loops carry it to their threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

// Where a context takes memory from; both may be called from several threads at once.
struct Allocator {
  // `bytes` at a multiple of 64. When there are none it throws ResourceError or std::bad_alloc, or gives null;
  // the operation that asked throws ResourceError in any case.
  std::function<std::shared_ptr<std::byte>(std::size_t bytes)> allocate;
};

// Told what is worth knowing and no error: plans that were not used, for instance. Must not throw.
using LogHook = std::function<void(std::string_view message)>;

// Asked again and again while something is computed, on whichever threads compute it; throws to stop the
// call, which then throws the same. Nothing is left half done but tensors that nobody has seen.
using StopCheck = void (*)();

class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] static Context& standard();  // the default
  [[nodiscard]] static Context& current();

  // At most so many threads inside run(), up to kMostThreads (parallel.h); 0: as many as the caller's arena has.
  void set_threads(int threads);
  [[nodiscard]] int threads() const;

  // For tensors made from now on outside of a PoolScope; an empty one goes back to the system.
  void set_allocator(Allocator allocator);
  void set_log(LogHook hook);
  void set_stop_check(StopCheck check);  // null: none
  void log(std::string_view message) const;

  // Calls `body` with this context current, on at most threads() threads.
  void run(const std::function<void()>& body);

  class State;
  [[nodiscard]] State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// While alive, `context` is current on this thread. Scopes nest; they end on the thread that made them.
// The memory pool of an outer scope is not used inside.
class [[nodiscard]] ContextScope {
 public:
  explicit ContextScope(Context& context);
  ~ContextScope();
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  Context* previous_;
  std::shared_ptr<void> pool_;
};

}  // namespace voxloom
