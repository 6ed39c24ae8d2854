// Packed codes to a float32 panel: one vector of output channels at a time, all codes of a word in
// turn, so that a word is loaded once and the shifts are the same for all lanes.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// One word for each column of a vector, and their codes as numbers. Signed: codes have at most 8 bits,
// and there is a vector conversion for int32 but none for uint32.
using Words [[gnu::vector_size(kLanes * 4)]] = std::int32_t;
using Numbers [[gnu::vector_size(kLanes * 4)]] = float;

// n <= kLanes words, `stride` apart. Consecutive ones come in one load: a vector that was stored word
// by word has to wait until all of them have reached the cache.
[[gnu::always_inline]] inline Words load_words(const std::uint32_t* p, std::int64_t stride,
                                               std::int64_t n) {
  Words words = {};
  if (stride == 1 && n == kLanes) {
    __builtin_memcpy(&words, p, sizeof(words));
    return words;
  }
  for (std::int64_t j = 0; j < n; ++j) words[j] = static_cast<std::int32_t>(p[j * stride]);
  return words;
}

[[gnu::always_inline]] inline Vec codes_at(Words words, int bit, std::int32_t mask) {
  return __builtin_bit_cast(Vec, __builtin_convertvector((words >> bit) & mask, Numbers));
}

// n <= kLanes elements, `stride` apart.
template <typename T>
[[gnu::always_inline]] inline Vec load_strided(const T* p, std::int64_t stride, std::int64_t n) {
  if (stride == 1) return load_some(p, n);
  T buffer[kLanes] = {};
  for (std::int64_t i = 0; i < n; ++i) buffer[i] = p[i * stride];
  return load(buffer);
}

// Columns [o, o + n) of the panel. By value: see rows.h.
template <typename T>
inline void decode_columns(const DecodeArgs d, std::int64_t o, std::int64_t n) {
  const T* scales = static_cast<const T*>(d.scales) + o * d.scale_column;
  const T* biases = static_cast<const T*>(d.biases) + o * d.scale_column;
  const std::uint32_t* codes = d.codes + o * d.code_column;
  const std::int64_t per_word = 32 / d.bits;
  const std::int32_t mask = (1 << d.bits) - 1;
  Vec scale = zero();
  Vec bias = zero();
  // A group is a whole number of words.
  std::int64_t left_in_group = 0;
  for (std::int64_t i = 0; i < d.depth; i += per_word, codes += d.item) {
    if (left_in_group == 0) {
      left_in_group = d.group_size;
      scale = load_strided(scales, d.scale_column, n);
      bias = load_strided(biases, d.scale_column, n);
      scales += d.item;
      biases += d.item;
    }
    left_in_group -= per_word;
    const Words words = load_words(codes, d.code_column, n);
    const std::int64_t used = d.depth - i < per_word ? d.depth - i : per_word;
    for (int c = 0; c < used; ++c) {
      store(d.out + (i + c) * d.width + o, fma(codes_at(words, c * d.bits, mask), scale, bias));
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
