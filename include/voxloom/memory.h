// Where tensors get their bytes. By default from the system; inside a PoolScope from a MemoryPool,
// which keeps freed blocks and hands them out again, so that a model called twice allocates once.
//
// A scope that makes the same requests as the one before it, none of them larger, takes nothing from
// the system. Scopes that are open at once, on several threads, have a workspace each.
#pragma once

#include <cstddef>
#include <memory>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

// A thread-safe store of reusable blocks, with a workspace for each scope that is open at once. Each
// keeps at most about twice what it ever had in use. Blocks may outlive the pool object; they then go
// back to the system.
class MemoryPool {
 public:
  MemoryPool();
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  void trim();                                     // gives idle blocks back to the system
  [[nodiscard]] std::size_t idle_bytes() const;    // held, not in use
  [[nodiscard]] std::size_t system_bytes() const;  // taken from the system since construction

  class State;
  class Lane;

 private:
  friend class PoolScope;
  std::shared_ptr<State> state_;
};

// While alive, tensors made on this thread take their memory from `pool`. Scopes nest.
class [[nodiscard]] PoolScope {
 public:
  explicit PoolScope(MemoryPool& pool);
  ~PoolScope();
  PoolScope(const PoolScope&) = delete;
  PoolScope& operator=(const PoolScope&) = delete;

 private:
  std::shared_ptr<MemoryPool::State> pool_;
  std::shared_ptr<MemoryPool::Lane> previous_;
};

// Uninitialised, 64-byte aligned memory from the current pool; freed by the deleter.
// Throws ResourceError when the system has none left.
[[nodiscard]] std::shared_ptr<std::byte> allocate_bytes(std::size_t bytes);

// The same, never from a pool: for what outlives any model, such as a thread's scratch.
[[nodiscard]] std::shared_ptr<std::byte> allocate_system_bytes(std::size_t bytes);

}  // namespace voxloom
