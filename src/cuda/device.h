// One source, two compilers. Kernels are written over what this header names; nvcc makes device code of
// them, g++ and clang the emulation (emulation.h), in which the tests run on machines without a card.
//
// A kernel is a struct: its members are the arguments, `kThreads` is its block size, and its call
// operator is what one thread does. Two kinds:
//
//   void operator()(const Thread&) const          threads that know nothing of each other
//   struct Shared {...};                          a block that works together: barriers, shared memory,
//   void operator()(Team&, Shared&) const         and warps of 32 whose lanes exchange values
//
// launch(stream, blocks, kernel) starts it. Rules that both compilers hold kernels to:
//  * all threads of a block reach the same barriers, all lanes of a warp the same exchanges;
//  * an exchange orders no memory: what one lane writes and another reads needs a barrier between them;
//  * shared memory starts out undefined (the emulation fills it with 0xCD);
//  * no float atomics; float products that are added are written `fused(a, b, sum)`, so that both
//    compilers round the same way.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cuda/stream.h"

#ifdef __CUDACC__
#include <cuda_runtime.h>
#define VOXLOOM_DEVICE __device__ __forceinline__
#define VOXLOOM_ON_BOTH __host__ __device__ __forceinline__
#define VOXLOOM_UNROLL _Pragma("unroll")
#else
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>

#include "cuda/emulation.h"
#define VOXLOOM_DEVICE inline
#define VOXLOOM_ON_BOTH inline
#define VOXLOOM_UNROLL
#endif

namespace voxloom::cuda {

inline constexpr int kWarp = 32;
inline constexpr std::int64_t kMostBlocks = (std::int64_t{1} << 31) - 1;

#ifdef __CUDACC__

class Thread {
 public:
  VOXLOOM_DEVICE int index() const { return static_cast<int>(threadIdx.x); }
  VOXLOOM_DEVICE int size() const { return static_cast<int>(blockDim.x); }
  VOXLOOM_DEVICE std::int64_t block() const { return blockIdx.x; }
  VOXLOOM_DEVICE std::int64_t blocks() const { return gridDim.x; }
  // Among all threads of the grid.
  VOXLOOM_DEVICE std::int64_t global() const { return block() * size() + index(); }
  VOXLOOM_DEVICE std::int64_t all() const { return blocks() * size(); }
};

class Team : public Thread {
 public:
  VOXLOOM_DEVICE int lane() const { return index() % kWarp; }
  VOXLOOM_DEVICE int warp() const { return index() / kWarp; }
  VOXLOOM_DEVICE void barrier() const { __syncthreads(); }
  VOXLOOM_DEVICE void warp_barrier() const { __syncwarp(); }

  VOXLOOM_DEVICE std::uint32_t ballot(bool vote) const { return __ballot_sync(~0U, vote); }
  // The value that `lane` gives.
  template <typename T>
  VOXLOOM_DEVICE T shuffle(T value, int lane) const {
    return __shfl_sync(~0U, value, lane);
  }
  // The lanes that give the same value as this one.
  VOXLOOM_DEVICE std::uint32_t match(std::uint32_t value) const {
    return __match_any_sync(~0U, value);
  }
  VOXLOOM_DEVICE std::uint32_t reduce_or(std::uint32_t value) const {
    return __reduce_or_sync(~0U, value);
  }
};

VOXLOOM_DEVICE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
VOXLOOM_ON_BOTH int count_bits(std::uint64_t v) {
#ifdef __CUDA_ARCH__
  return __popcll(static_cast<unsigned long long>(v));
#else
  return __builtin_popcountll(v);
#endif
}
// v is not 0.
VOXLOOM_DEVICE int lowest_bit(std::uint64_t v) { return __ffsll(static_cast<long long>(v)) - 1; }
VOXLOOM_DEVICE float as_float(std::uint32_t bits) { return __uint_as_float(bits); }
VOXLOOM_DEVICE std::uint32_t as_bits(float value) { return __float_as_uint(value); }

VOXLOOM_DEVICE std::uint32_t atomic_add(std::uint32_t* to, std::uint32_t v) {
  return atomicAdd(to, v);
}
VOXLOOM_DEVICE void atomic_add(std::uint64_t* to, std::uint64_t v) {
  atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(v));
}
VOXLOOM_DEVICE void atomic_or(std::uint32_t* to, std::uint32_t v) { atomicOr(to, v); }
VOXLOOM_DEVICE void atomic_or(std::uint64_t* to, std::uint64_t v) {
  atomicOr(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(v));
}
VOXLOOM_DEVICE void atomic_min(std::int32_t* to, std::int32_t v) { atomicMin(to, v); }
// Gives what stood there.
VOXLOOM_DEVICE std::int32_t atomic_swap_if(std::int32_t* to, std::int32_t expected,
                                           std::int32_t v) {
  return atomicCAS(to, expected, v);
}

// A block has this much shared memory without asking.
inline constexpr std::size_t kPlainShared = 48 << 10;

template <typename Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) enter(const __grid_constant__ Kernel kernel) {
  if constexpr (requires { typename Kernel::Shared; }) {
    Team team;
    if constexpr (sizeof(typename Kernel::Shared) <= kPlainShared) {
      __shared__ typename Kernel::Shared shared;
      kernel(team, shared);
    } else {
      extern __shared__ __align__(128) unsigned char bytes[];
      kernel(team, *reinterpret_cast<typename Kernel::Shared*>(bytes));
    }
  } else {
    kernel(Thread{});
  }
}

template <typename Kernel>
void launch(Stream stream, std::int64_t blocks, const Kernel& kernel) {
  static_assert(std::is_trivially_copyable_v<Kernel>);
  if (blocks == 0) return;
  require_blocks(blocks);
  std::size_t asked = 0;
  if constexpr (requires { typename Kernel::Shared; }) {
    if constexpr (sizeof(typename Kernel::Shared) > kPlainShared) {
      asked = sizeof(typename Kernel::Shared);
      cudaFuncSetAttribute(enter<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                           static_cast<int>(asked));
    }
  }
  enter<Kernel><<<static_cast<unsigned>(blocks), Kernel::kThreads, asked,
                  static_cast<cudaStream_t>(stream.handle)>>>(kernel);
  require_started();
}

#else

class Thread {
 public:
  Thread(std::int64_t block, std::int64_t blocks, int index, int size)
      : block_(block), blocks_(blocks), index_(index), size_(size) {}
  int index() const { return index_; }
  int size() const { return size_; }
  std::int64_t block() const { return block_; }
  std::int64_t blocks() const { return blocks_; }
  std::int64_t global() const { return block_ * size_ + index_; }
  std::int64_t all() const { return blocks_ * size_; }

 private:
  std::int64_t block_, blocks_;
  int index_, size_;
};

class Team : public Thread {
 public:
  Team(const Thread& thread, emulation::Block& block) : Thread(thread), team_(block) {}
  emulation::Copies copies;  // matrix_fragments.h
  const std::uint64_t* exchange(std::uint64_t value) const { return team_.exchange(value); }
  int lane() const { return index() % kWarp; }
  int warp() const { return index() / kWarp; }
  void barrier() const { team_.barrier(); }
  void warp_barrier() const { team_.warp_barrier(); }

  std::uint32_t ballot(bool vote) const {
    const std::uint64_t* votes = team_.exchange(vote ? 1 : 0);
    std::uint32_t mask = 0;
    for (int i = 0; i < kWarp; ++i) mask |= static_cast<std::uint32_t>(votes[i]) << i;
    return mask;
  }
  template <typename T>
  T shuffle(T value, int lane) const {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    std::uint64_t word = 0;
    std::memcpy(&word, &value, sizeof(T));
    word = team_.exchange(word)[lane];
    std::memcpy(&value, &word, sizeof(T));
    return value;
  }
  std::uint32_t match(std::uint32_t value) const {
    const std::uint64_t* values = team_.exchange(value);
    std::uint32_t mask = 0;
    for (int i = 0; i < kWarp; ++i) mask |= (values[i] == value ? 1U : 0U) << i;
    return mask;
  }
  std::uint32_t reduce_or(std::uint32_t value) const {
    const std::uint64_t* values = team_.exchange(value);
    for (int i = 0; i < kWarp; ++i) value |= static_cast<std::uint32_t>(values[i]);
    return value;
  }

 private:
  emulation::Block& team_;
};

inline float fused(float a, float b, float c) { return std::fma(a, b, c); }
inline int count_bits(std::uint64_t v) { return std::popcount(v); }
inline int lowest_bit(std::uint64_t v) { return std::countr_zero(v); }
inline float as_float(std::uint32_t bits) { return std::bit_cast<float>(bits); }
inline std::uint32_t as_bits(float value) { return std::bit_cast<std::uint32_t>(value); }

template <typename T>
T atomic_add(T* to, T v) {
  return std::atomic_ref<T>(*to).fetch_add(v, std::memory_order_relaxed);
}
template <typename T>
void atomic_or(T* to, T v) {
  std::atomic_ref<T>(*to).fetch_or(v, std::memory_order_relaxed);
}
inline void atomic_min(std::int32_t* to, std::int32_t v) {
  std::atomic_ref<std::int32_t> place(*to);
  std::int32_t held = place.load(std::memory_order_relaxed);
  while (v < held && !place.compare_exchange_weak(held, v, std::memory_order_relaxed)) {
  }
}
inline std::int32_t atomic_swap_if(std::int32_t* to, std::int32_t expected, std::int32_t v) {
  std::atomic_ref<std::int32_t>(*to).compare_exchange_strong(expected, v,
                                                             std::memory_order_relaxed);
  return expected;
}

template <typename Kernel>
void launch(Stream, std::int64_t blocks, const Kernel& kernel) {
  static_assert(std::is_trivially_copyable_v<Kernel>);
  if (blocks == 0) return;
  require_blocks(blocks);
  if constexpr (requires { typename Kernel::Shared; }) {
    using Shared = typename Kernel::Shared;
    static_assert(Kernel::kThreads % kWarp == 0);
    emulation::run_together(
        {blocks, Kernel::kThreads, sizeof(Shared)},
        [](const void* k, emulation::Block& block, std::int64_t number, std::int64_t count,
           int index, void* shared) {
          Team team({number, count, index, Kernel::kThreads}, block);
          (*static_cast<const Kernel*>(k))(team, *static_cast<Shared*>(shared));
        },
        &kernel);
  } else {
    emulation::run_apart(
        {blocks, Kernel::kThreads, 0},
        [](const void* k, std::int64_t number, std::int64_t count, int index) {
          (*static_cast<const Kernel*>(k))(Thread{number, count, index, Kernel::kThreads});
        },
        &kernel);
  }
}

#endif

// Blocks for `items` items, one a thread; threads step on by all() where there are more.
template <typename Kernel>
void launch_items(Stream stream, std::int64_t items, const Kernel& kernel) {
  constexpr std::int64_t kMost = std::int64_t{1} << 20;
  const std::int64_t blocks = (items + Kernel::kThreads - 1) / Kernel::kThreads;
  launch(stream, blocks < kMost ? blocks : kMost, kernel);
}

}  // namespace voxloom::cuda
