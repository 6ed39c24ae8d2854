#include "voxloom/memory.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <bit>
#include <cstdlib>
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

std::byte* system_allocate(std::size_t bytes) {
  const std::size_t alignment = bytes >= kLarge ? kHugePage : kAlignment;
  void* block = nullptr;
  if (::posix_memalign(&block, alignment, bytes) != 0) {
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
  ~State() { trim(); }

  std::byte* take(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = idle_.find(bytes); found != idle_.end()) {
        std::byte* block = found->second;
        idle_.erase(found);
        idle_bytes_ -= bytes;
        return block;
      }
      system_bytes_ += bytes;
    }
    return system_allocate(bytes);
  }

  void give_back(std::byte* block, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    try {
      idle_.emplace(bytes, block);
      idle_bytes_ += bytes;
    } catch (...) {  // no memory to remember the block: let it go
      system_free(block);
    }
  }

  void trim() noexcept {
    const std::lock_guard lock(mutex_);
    for (const auto& [bytes, block] : idle_) system_free(block);
    idle_.clear();
    idle_bytes_ = 0;
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
  mutable std::mutex mutex_;
  std::multimap<std::size_t, std::byte*> idle_;
  std::size_t idle_bytes_ = 0;
  std::size_t system_bytes_ = 0;
};

MemoryPool::MemoryPool() : state_(std::make_shared<State>()) {}
MemoryPool::~MemoryPool() = default;
void MemoryPool::trim() { state_->trim(); }
std::size_t MemoryPool::idle_bytes() const { return state_->idle_bytes(); }
std::size_t MemoryPool::system_bytes() const { return state_->system_bytes(); }

PoolScope::PoolScope(MemoryPool& pool)
    : previous_(std::exchange(MemoryPool::State::current(), pool.state_)) {}
PoolScope::~PoolScope() { MemoryPool::State::current() = std::move(previous_); }

std::shared_ptr<std::byte> allocate_bytes(std::size_t bytes) {
  const std::shared_ptr<MemoryPool::State>& pool = MemoryPool::State::current();
  if (pool == nullptr) {
    return {system_allocate(bytes == 0 ? 1 : bytes), system_free};
  }
  const std::size_t size = rounded_size(bytes);
  return {pool->take(size),
          [pool, size](std::byte* block) noexcept { pool->give_back(block, size); }};
}

}  // namespace voxloom
