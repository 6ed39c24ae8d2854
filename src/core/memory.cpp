#include "voxloom/memory.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "core/error.h"

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
    throw_resource("memory", fmt::format("the system has no {} bytes left", bytes));
  }
#if defined(__linux__)
  if (bytes >= kLarge) static_cast<void>(::madvise(block, bytes, MADV_HUGEPAGE));
#endif
  return static_cast<std::byte*>(block);
}

void system_free(std::byte* block) noexcept { std::free(block); }

// Sizes step by an eighth of their power of two: blocks are reused for scans of similar size and
// at most an eighth of a block is idle.
std::size_t rounded_size(std::size_t bytes) {
  constexpr std::size_t kSmallest = 4096;
  if (bytes <= kSmallest) return kSmallest;
  const std::size_t step = std::bit_floor(bytes - 1) / 8;
  return (bytes + step - 1) / step * step;
}

}  // namespace

class MemoryPool::State {
 public:
  struct Block {
    std::byte* data;
    std::size_t bytes;
  };

  ~State() { close(); }

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
    count_use(bytes);
    return {data, bytes};
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
    // Scans of all sizes would leave blocks of all sizes: keep about what one run needs.
    while (idle_bytes_ > 2 * most_in_use_ + kAlwaysKept) drop_largest();
  }

  void trim() noexcept {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) drop_largest();
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

  static std::shared_ptr<State>& current() {
    thread_local std::shared_ptr<State> state;
    return state;
  }

 private:
  static constexpr std::size_t kAlwaysKept = std::size_t{64} << 20;

  // An idle block of at least `bytes`, at most a quarter larger; null data: none.
  Block take_idle(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = idle_.lower_bound(bytes);
    if (found == idle_.end() || found->first > bytes + bytes / 4) return {nullptr, 0};
    const Block block{found->second, found->first};
    idle_.erase(found);
    idle_bytes_ -= block.bytes;
    count_use(block.bytes);
    return block;
  }

  void count_use(std::size_t bytes) noexcept {
    in_use_ += bytes;
    most_in_use_ = std::max(most_in_use_, in_use_);
  }

  void drop_largest() noexcept {
    const auto largest = std::prev(idle_.end());
    idle_bytes_ -= largest->first;
    system_free(largest->second);
    idle_.erase(largest);
  }

  mutable std::mutex mutex_;
  std::multimap<std::size_t, std::byte*> idle_;
  std::size_t in_use_ = 0;
  std::size_t most_in_use_ = 0;
  bool closed_ = false;
  std::size_t idle_bytes_ = 0;
  std::size_t system_bytes_ = 0;
};

MemoryPool::MemoryPool() : state_(std::make_shared<State>()) {}
MemoryPool::~MemoryPool() { state_->close(); }
void MemoryPool::trim() { state_->trim(); }
std::size_t MemoryPool::idle_bytes() const { return state_->idle_bytes(); }
std::size_t MemoryPool::system_bytes() const { return state_->system_bytes(); }

PoolScope::PoolScope(MemoryPool& pool)
    : previous_(std::exchange(MemoryPool::State::current(), pool.state_)) {}
PoolScope::~PoolScope() { MemoryPool::State::current() = std::move(previous_); }

std::shared_ptr<std::byte> allocate_bytes(std::size_t bytes) {
  const std::shared_ptr<MemoryPool::State>& pool = MemoryPool::State::current();
  if (pool == nullptr) return allocate_system_bytes(bytes);
  const MemoryPool::State::Block block = pool->take(rounded_size(bytes));
  return {block.data, [pool, block](std::byte*) noexcept { pool->give_back(block); }};
}

std::shared_ptr<std::byte> allocate_system_bytes(std::size_t bytes) {
  return {system_allocate(bytes == 0 ? 1 : bytes), system_free};
}

}  // namespace voxloom
