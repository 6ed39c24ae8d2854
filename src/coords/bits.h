// Counting bits without a library call where the baseline processor has no instruction for it.
#pragma once

#include <bit>
#include <cstdint>

// A function of bit operations in two forms: for every processor, and for those with AVX2, whose registers
// hold four masks and which count bits by one instruction. The loader picks one when the program starts,
// before sanitizers are ready for it. Clang 14 gives both a name that only callers who see this would call.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(VOXLOOM_SANITIZED)
#define VOXLOOM_BIT_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VOXLOOM_BIT_CLONES
#endif

namespace voxloom {

[[nodiscard]] inline std::int32_t count_bits(std::uint64_t v) {
#if defined(__x86_64__) && !defined(__POPCNT__)
  v -= (v >> 1) & 0x5555555555555555U;
  v = (v & 0x3333333333333333U) + ((v >> 2) & 0x3333333333333333U);
  v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fU;
  return static_cast<std::int32_t>((v * 0x0101010101010101U) >> 56);
#else
  return std::popcount(v);
#endif
}

[[nodiscard]] inline std::uint64_t bits_below(int bit) { return (std::uint64_t{1} << bit) - 1; }

}  // namespace voxloom
