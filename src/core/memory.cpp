#include "voxloom/memory.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "core/context_state.h"
#include "core/error.h"
#include "core/pool_lane.h"

namespace voxloom {
namespace {

constexpr std::size_t kAlignment = 64;

// Gathered rows touch a page each: with 4 KiB pages a feature matrix of a few megabytes already
// exceeds what the processor's page tables cache, and fresh output costs a fault per page. Large
// blocks therefore start on a 2 MiB boundary and ask for huge pages; a system that has none ignores
// the wish.
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kLarge = 2 * kHugePage;

// More than the machine has is refused here: an overcommitting system would grant it and kill the
// process when it is touched.
std::size_t machine_bytes() {
#if defined(__linux__)
  static const std::size_t bytes = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) *
                                   static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
#else
  return std::numeric_limits<std::size_t>::max();
#endif
}

std::byte* system_allocate(std::size_t bytes) {
  const std::size_t alignment = bytes >= kLarge ? kHugePage : kAlignment;
  void* block = nullptr;
  if (bytes > machine_bytes() || ::posix_memalign(&block, alignment, bytes) != 0) {
    fail_resource("memory", "the system has no {} bytes left", bytes);
  }
#if defined(__linux__)
  if (bytes >= kLarge) static_cast<void>(::madvise(block, bytes, MADV_HUGEPAGE));
#endif
  return static_cast<std::byte*>(block);
}

void system_free(std::byte* block) noexcept { std::free(block); }

// Sizes step by an eighth of their power of two: blocks are reused within a call, and at most an eighth
// of a block is idle.
std::size_t rounded_size(std::size_t bytes) {
  constexpr std::size_t kSmallest = 4096;
  if (bytes <= kSmallest) return kSmallest;
  const std::size_t step = std::bit_floor(bytes - 1) / 8;
  return (bytes + step - 1) / step * step;
}

}  // namespace

// The workspace of one scope at a time: blocks, and which of them each request got.
//
// A model makes the same requests in the same order at every call. The n-th request of a scope
// therefore asks for the block that the n-th one had last time: by induction it is idle, and large
// enough whenever the request is no larger. So a call that asks for nothing larger than the call
// before it takes nothing from the system, whatever the sizes are. Elsewhere the smallest block that
// fits serves.
class MemoryPool::Lane {
 public:
  struct Block {
    std::byte* data;
    std::size_t bytes;
  };

  ~Lane() { close(); }

  void begin() {
    const std::lock_guard lock(mutex_);
    next_ = 0;
  }

  Block take(std::size_t bytes) {
    if (const Block idle = take_idle(bytes); idle.data != nullptr) return idle;
    std::byte* data = nullptr;
    try {
      data = system_allocate(bytes);
    } catch (const ResourceError&) {
      trim();  // what lies idle may be what is missing
      data = system_allocate(bytes);
    }
    const std::lock_guard lock(mutex_);
    system_bytes_ += bytes;
    return handed_out({data, bytes});
  }

  void give_back(const Block& block) noexcept {
    const std::lock_guard lock(mutex_);
    in_use_ -= block.bytes;
    if (closed_) return system_free(block.data);
    try {
      idle_.emplace(block.bytes, block.data);
      idle_bytes_ += block.bytes;
    } catch (...) {  // no memory to remember the block: let it go
      system_free(block.data);
    }
    // Requests that differ from call to call would leave blocks of all sizes: keep about what one
    // call needs.
    while (idle_bytes_ > 2 * most_in_use_ + kAlwaysKept) drop(std::prev(idle_.end()));
  }

  void trim() noexcept {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) drop(std::prev(idle_.end()));
  }

  // The pool object is gone: blocks that are still out go back to the system one by one.
  void close() noexcept {
    trim();
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

  std::size_t idle_bytes() const {
    const std::lock_guard lock(mutex_);
    return idle_bytes_;
  }

  std::size_t system_bytes() const {
    const std::lock_guard lock(mutex_);
    return system_bytes_;
  }

 private:
  using Idle = std::multimap<std::size_t, std::byte*>;

  static constexpr std::size_t kAlwaysKept = std::size_t{64} << 20;
  // A request that was never made before may get a block so many times its size.
  static constexpr std::size_t kMostTimes = 4;
  // A scope that is kept open for a whole program is remembered no further.
  static constexpr std::size_t kMostRemembered = std::size_t{1} << 16;

  // Null data: none.
  Block take_idle(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    auto found = last_time();
    if (found != idle_.end() && found->first < bytes) {
      // Outgrown: a larger one takes its place, unless it already serves another request of this call.
      if (!has_served(found->second)) drop(found);
      found = idle_.end();
    }
    if (found == idle_.end()) {
      found = idle_.lower_bound(bytes);
      if (found == idle_.end() || found->first > kMostTimes * bytes) return {nullptr, 0};
    }
    const Block block{found->second, found->first};
    idle_.erase(found);
    idle_bytes_ -= block.bytes;
    return handed_out(block);
  }

  // The block that this request had last time, where it is idle.
  Idle::iterator last_time() {
    if (next_ >= last_time_.size()) return idle_.end();
    const Block& last = last_time_[next_];
    const auto [begin, end] = idle_.equal_range(last.bytes);
    const auto found =
        std::find_if(begin, end, [&](const auto& idle) { return idle.second == last.data; });
    return found == end ? idle_.end() : found;
  }

  // In this call so far.
  bool has_served(const std::byte* data) const {
    const auto end =
        last_time_.begin() + static_cast<std::ptrdiff_t>(std::min(next_, last_time_.size()));
    return std::any_of(last_time_.begin(), end, [&](const Block& b) { return b.data == data; });
  }

  Block handed_out(const Block& block) {
    in_use_ += block.bytes;
    most_in_use_ = std::max(most_in_use_, in_use_);
    if (next_ < last_time_.size()) {
      last_time_[next_] = block;
    } else if (next_ < kMostRemembered) {
      last_time_.push_back(block);
    }
    ++next_;
    return block;
  }

  void drop(Idle::iterator block) noexcept {
    idle_bytes_ -= block->first;
    system_free(block->second);
    idle_.erase(block);
  }

  mutable std::mutex mutex_;
  Idle idle_;
  std::vector<Block> last_time_;  // by request; a block may be gone meanwhile
  std::size_t next_ = 0;
  std::size_t in_use_ = 0;
  std::size_t most_in_use_ = 0;
  bool closed_ = false;
  std::size_t idle_bytes_ = 0;
  std::size_t system_bytes_ = 0;
};

class MemoryPool::State {
 public:
  // A lane that no scope has; one is made where all are taken.
  std::shared_ptr<Lane> enter() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      lanes_.push_back(std::make_shared<Lane>());
      free_.reserve(lanes_.size());  // leave() must not throw
      return lanes_.back();
    }
    std::shared_ptr<Lane> lane = std::move(free_.back());
    free_.pop_back();
    lane->begin();
    return lane;
  }
  void leave(std::shared_ptr<Lane> lane) noexcept {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(lane));
  }

  void trim() noexcept {
    const std::lock_guard lock(mutex_);
    for (const auto& lane : lanes_) lane->trim();
  }
  void close() noexcept {
    const std::lock_guard lock(mutex_);
    for (const auto& lane : lanes_) lane->close();
  }
  std::size_t idle_bytes() const { return sum(&Lane::idle_bytes); }
  std::size_t system_bytes() const { return sum(&Lane::system_bytes); }

  static std::shared_ptr<Lane>& current() {
    thread_local std::shared_ptr<Lane> lane;
    return lane;
  }

 private:
  std::size_t sum(std::size_t (Lane::*bytes)() const) const {
    const std::lock_guard lock(mutex_);
    std::size_t total = 0;
    for (const auto& lane : lanes_) total += (*lane.*bytes)();
    return total;
  }

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Lane>> lanes_;
  std::vector<std::shared_ptr<Lane>> free_;  // the one used last stands last
};

MemoryPool::MemoryPool() : state_(std::make_shared<State>()) {}
MemoryPool::~MemoryPool() { state_->close(); }
void MemoryPool::trim() { state_->trim(); }
std::size_t MemoryPool::idle_bytes() const { return state_->idle_bytes(); }
std::size_t MemoryPool::system_bytes() const { return state_->system_bytes(); }

PoolScope::PoolScope(MemoryPool& pool)
    : pool_(pool.state_),
      previous_(std::exchange(MemoryPool::State::current(), pool.state_->enter())) {}
PoolScope::~PoolScope() {
  pool_->leave(std::exchange(MemoryPool::State::current(), std::move(previous_)));
}

std::shared_ptr<void> leave_pool() { return std::exchange(MemoryPool::State::current(), nullptr); }

void return_to_pool(std::shared_ptr<void> pool) {
  MemoryPool::State::current() = std::static_pointer_cast<MemoryPool::Lane>(std::move(pool));
}

namespace {

std::shared_ptr<std::byte> allocate_from_context(std::size_t bytes) {
  Context::State& state = Context::current().state();
  if (!state.has_allocator.load(std::memory_order_acquire)) return allocate_system_bytes(bytes);
  Allocator allocator;
  {
    const std::lock_guard lock(state.mutex);
    allocator = state.allocator;
  }
  if (!allocator.allocate) return allocate_system_bytes(bytes);
  std::shared_ptr<std::byte> block;
  try {
    block = allocator.allocate(bytes == 0 ? 1 : bytes);
  } catch (const std::bad_alloc&) {
  }
  if (block == nullptr) fail_resource("memory", "the allocator has no {} bytes left", bytes);
  require(reinterpret_cast<std::uintptr_t>(block.get()) % kAlignment == 0, "memory",
          "the allocator's {} bytes are not at a multiple of {}", bytes, kAlignment);
  return block;
}

}  // namespace

std::shared_ptr<std::byte> allocate_bytes(std::size_t bytes) {
  const std::shared_ptr<MemoryPool::Lane>& lane = MemoryPool::State::current();
  if (lane == nullptr) return allocate_from_context(bytes);
  const MemoryPool::Lane::Block block = lane->take(rounded_size(bytes));
  return {block.data, [lane, block](std::byte*) noexcept { lane->give_back(block); }};
}

std::shared_ptr<std::byte> allocate_system_bytes(std::size_t bytes) {
  return {system_allocate(bytes == 0 ? 1 : bytes), system_free};
}

}  // namespace voxloom
