#include "voxloom/context.h"

#include <utility>

#include "core/context_state.h"
#include "core/error.h"
#include "core/pool_lane.h"
#include "voxloom/parallel.h"

namespace voxloom {
namespace {

thread_local Context* current_context = nullptr;  // null: the default

}  // namespace

Context::State::~State() {
  for (Slot& slot : parts_) {
    if (void* part = slot.pointer.load()) slot.destroy(part);
  }
}

std::size_t Context::State::next_slot() {
  static std::atomic<std::size_t> next = 0;
  const std::size_t slot = next.fetch_add(1);
  require(slot < kMostParts, "context", "more than {} kinds of settings", kMostParts);
  return slot;
}

void* Context::State::make(std::size_t slot, void* (*create)(), void (*destroy)(void*)) {
  const std::lock_guard lock(making_);
  if (void* made = parts_[slot].pointer.load()) return made;
  void* part = create();
  parts_[slot].destroy = destroy;
  parts_[slot].pointer.store(part, std::memory_order_release);
  return part;
}

Context::Context() : state_(std::make_unique<State>()) {}
Context::~Context() = default;

// Never destroyed: threads may still run when the program ends.
Context& Context::standard() {
  static Context& context = *new Context;
  return context;
}

Context& Context::current() { return current_context == nullptr ? standard() : *current_context; }

void Context::set_threads(int threads) {
  require(threads >= 0 && threads <= kMostThreads, "context",
          "the number of threads must be from 0 to {}, got {}", kMostThreads, threads);
  state_->threads = threads;
}
int Context::threads() const { return state_->threads; }

void Context::set_allocator(Allocator allocator) {
  const std::lock_guard lock(state_->mutex);
  state_->has_allocator = static_cast<bool>(allocator.allocate);
  state_->allocator = std::move(allocator);
}

void Context::set_log(LogHook hook) {
  const std::lock_guard lock(state_->mutex);
  state_->log = std::move(hook);
}

void Context::set_stop_check(StopCheck check) { state_->stop_check = check; }

void Context::log(std::string_view message) const {
  LogHook hook;
  {
    const std::lock_guard lock(state_->mutex);
    hook = state_->log;
  }
  if (hook) hook(message);
}

void Context::run(const std::function<void()>& body) {
  with_threads(threads(), [&] {
    const ContextScope scope(*this);
    body();
  });
}

ContextScope::ContextScope(Context& context)
    : previous_(std::exchange(current_context, &context)), pool_(leave_pool()) {}
ContextScope::~ContextScope() {
  current_context = previous_;
  return_to_pool(std::move(pool_));
}

ContextCarrier::Scope::Scope(const ContextCarrier& carrier)
    : previous_(std::exchange(current_context, carrier.context_)) {}
ContextCarrier::Scope::~Scope() { current_context = previous_; }

}  // namespace voxloom
