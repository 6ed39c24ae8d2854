// Packed codes to a float32 panel: one vector of output channels at a time, all codes of a word in
// turn, so that a word is loaded once and the shifts are the same for all lanes.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// n <= kLanes elements, `stride` apart.
template <typename T>
[[gnu::always_inline]] inline Vec load_strided(const T* p, std::int64_t stride, std::int64_t n) {
  if (stride == 1) return load_some(p, n);
  T buffer[kLanes] = {};
  for (std::int64_t i = 0; i < n; ++i) buffer[i] = p[i * stride];
  return load(buffer);
}

// Columns [o, o + n) of the panel.
template <typename T>
inline void decode_columns(const DecodeArgs& d, std::int64_t o, std::int64_t n) {
  const T* scales = static_cast<const T*>(d.scales) + o * d.scale_column;
  const T* biases = static_cast<const T*>(d.biases) + o * d.scale_column;
  const std::uint32_t* codes = d.codes + o * d.code_column;
  const std::int64_t per_word = 32 / d.bits;
  const std::uint32_t mask = (1U << d.bits) - 1U;
  Vec scale = zero();
  Vec bias = zero();
  for (std::int64_t i = 0; i < d.depth; i += per_word) {
    if (i % d.group_size == 0) {
      const std::int64_t group = i / d.group_size * d.item;
      scale = load_strided(scales + group, d.scale_column, n);
      bias = load_strided(biases + group, d.scale_column, n);
    }
    std::uint32_t word[kLanes] = {};
    for (std::int64_t j = 0; j < n; ++j) word[j] = codes[i / per_word * d.item + j * d.code_column];
    const std::int64_t used = d.depth - i < per_word ? d.depth - i : per_word;
    for (std::int64_t c = 0; c < used; ++c) {
      float code[kLanes];
      for (int j = 0; j < kLanes; ++j)
        code[j] = static_cast<float>((word[j] >> (c * d.bits)) & mask);
      store(d.out + (i + c) * d.width + o, fma(load(code), scale, bias));
    }
  }
}

template <typename T, int, int kWidth>
inline void run(const DecodeArgs& d) {
  static_assert(kWidth == kLanes);
  for (std::int64_t o = 0; o < d.width; o += kLanes) {
    const std::int64_t left = d.columns - o;
    decode_columns<T>(d, o, left < 0 ? 0 : left < kLanes ? left : kLanes);
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
