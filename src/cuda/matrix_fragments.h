// The matrix units' building blocks, with the meaning that NVIDIA's PTX manual documents: asynchronous
// copies into shared memory, ldmatrix, and mma.sync.m16n8k16 with float32 sums. Under g++ they are plain
// loops over the documented fragment layouts; sums are then rounded to nearest after each product, where
// the unit truncates: values may differ in the last bits, and the tests' bounds hold for both.
//
// Fragments of lane 4 g + t (g in 0..7, t in 0..3), two 16-bit elements in a register, low half first:
//   A 16x16   a[0] (g, 2t..)  a[1] (g+8, 2t..)  a[2] (g, 2t+8..)  a[3] (g+8, 2t+8..)
//   B 16x8    b[0] (2t.., g)  b[1] (2t+8.., g)
//   C 16x8    c[0] (g, 2t)  c[1] (g, 2t+1)  c[2] (g+8, 2t)  c[3] (g+8, 2t+1)
#pragma once

#include "cuda/device.h"
#include "cuda/number.h"

namespace voxloom::cuda {

// 16 bytes from device to shared memory, both aligned; zeros where `take` is false, and `from` is not
// looked at. They are there after commit, wait and a barrier.
VOXLOOM_DEVICE void copy_async(Team& team, void* to, const void* from, bool take) {
#ifdef __CUDACC__
  const auto at = static_cast<unsigned>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from),
               "r"(take ? 16 : 0)
               : "memory");
#else
  team.copies.start(to, from, take);
#endif
}
VOXLOOM_DEVICE void commit_copies(Team& team) {
#ifdef __CUDACC__
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  team.copies.commit();
#endif
}
// All but this thread's last kLeft groups have arrived.
template <int kLeft>
VOXLOOM_DEVICE void wait_copies(Team& team) {
#ifdef __CUDACC__
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
#else
  team.copies.wait(kLeft);
#endif
}

#ifndef __CUDACC__
// What the lanes of a warp give, where it may be read until the exchange after next.
inline std::uint32_t word_at(std::uint64_t row, int word) {
  std::uint32_t value = 0;
  std::memcpy(&value, reinterpret_cast<const char*>(row) + 4 * word, 4);
  return value;
}
inline std::uint32_t half_at(std::uint64_t row, int half) {
  std::uint16_t value = 0;
  std::memcpy(&value, reinterpret_cast<const char*>(row) + 2 * half, 2);
  return value;
}
#endif

// Four 8x8 matrices of 16-bit elements from shared memory: lane 8 m + i points at row i (16 bytes) of
// matrix m. A lane gets, of matrix m, elements (g, 2t) and (g, 2t+1); transposed, (2t, g) and (2t+1, g).
template <bool kTransposed>
VOXLOOM_DEVICE void load_matrices(const Team& team, const void* row, std::uint32_t (&to)[4]) {
#ifdef __CUDACC__
  const auto at = static_cast<unsigned>(__cvta_generic_to_shared(row));
  if constexpr (kTransposed) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(at)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(at)
                 : "memory");
  }
#else
  const std::uint64_t* rows = team.exchange(reinterpret_cast<std::uintptr_t>(row));
  const int g = team.lane() / 4, t = team.lane() % 4;
  for (int m = 0; m < 4; ++m) {
    to[m] = kTransposed
                ? half_at(rows[8 * m + 2 * t], g) | half_at(rows[8 * m + 2 * t + 1], g) << 16
                : word_at(rows[8 * m + g], t);
  }
#endif
}

#ifndef __CUDACC__
template <typename T>
float half_value(std::uint32_t word, int half) {
  T element;
  element.bits = static_cast<std::uint16_t>(word >> (16 * half));
  return value_of(element);
}
#endif

// c += a b; T is float16 or bfloat16.
template <typename T>
VOXLOOM_DEVICE void multiply_add(const Team& team, const std::uint32_t (&a)[4], std::uint32_t b0,
                                 std::uint32_t b1, float (&c)[4]) {
#ifdef __CUDACC__
  if constexpr (std::is_same_v<T, float16>) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
#else
  const int g = team.lane() / 4, t = team.lane() % 4;
  float left[2][16], right[2][16];  // rows g and g+8, columns 2t and 2t+1
  for (int part = 0; part < 2; ++part) {
    const std::uint64_t* pairs = team.exchange(a[2 * part] | std::uint64_t{a[2 * part + 1]} << 32);
    for (int j = 0; j < 8; ++j) {
      const std::uint64_t pair = pairs[4 * g + j / 2];
      left[0][8 * part + j] = half_value<T>(static_cast<std::uint32_t>(pair), j % 2);
      left[1][8 * part + j] = half_value<T>(static_cast<std::uint32_t>(pair >> 32), j % 2);
    }
  }
  const std::uint64_t* pairs = team.exchange(b0 | std::uint64_t{b1} << 32);
  for (int column = 0; column < 2; ++column) {
    for (int j = 0; j < 8; ++j) {
      const std::uint64_t pair = pairs[4 * (2 * t + column) + j / 2];
      right[column][j] = half_value<T>(static_cast<std::uint32_t>(pair), j % 2);
      right[column][8 + j] = half_value<T>(static_cast<std::uint32_t>(pair >> 32), j % 2);
    }
  }
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 16; ++j) c[i] = fused(left[i / 2][j], right[i % 2][j], c[i]);
  }
#endif
}

}  // namespace voxloom::cuda
