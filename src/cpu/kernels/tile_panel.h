// Weights as tiles of pairs of bfloat16 (args.h), which matrix tiles and products of pairs read.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// Subnormal or above 2^10 in magnitude, infinities and NaN included.
inline bool is_extreme(std::uint16_t w) {
  const unsigned magnitude = w & 0x7fffU;
  return (magnitude != 0 && magnitude < 0x0080U) || magnitude > 0x4480U;
}
inline bool any_extreme(__m512i words) {
  const __m512i magnitude = _mm512_and_si512(words, _mm512_set1_epi16(0x7fff));
  // Zero wraps around and is no small number.
  const __m512i less_one = _mm512_sub_epi16(magnitude, _mm512_set1_epi16(1));
  return (_mm512_cmplt_epu16_mask(less_one, _mm512_set1_epi16(0x7f)) |
          _mm512_cmpgt_epu16_mask(magnitude, _mm512_set1_epi16(0x4480))) != 0;
}

// A pair of input channels, 16 columns that lie together.
inline __m512i interleave(const std::uint16_t* even, const std::uint16_t* odd) {
  const auto wide = [](const std::uint16_t* p) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  };
  return _mm512_or_si512(wide(even), _mm512_slli_epi32(wide(odd), 16));
}

// The same where the pair lies together, and the columns `stride` apart.
inline __m512i gather_pairs(const std::uint16_t* first, std::int64_t stride) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i at = _mm512_mullo_epi32(lane, _mm512_set1_epi32(static_cast<int>(stride)));
  return _mm512_i32gather_epi32(at, first, 2);
}

inline void panel_pair(const TilePanelArgs& p, std::int64_t i, std::int64_t column,
                       std::uint16_t* to) {
  constexpr std::int64_t kMostStride = std::int64_t{1} << 26;  // 32-bit offsets in a gather
  const std::int64_t left = p.out - column;
  const bool whole = left >= kTileColumns && i + 1 < p.in;
  const bool columns_together = p.stride_o == 1;
  if (whole && (columns_together || (p.stride_i == 1 && p.stride_o < kMostStride))) {
    const std::uint16_t* first = p.w + i * p.stride_i + column * p.stride_o;
    const __m512i words =
        columns_together ? interleave(first, first + p.stride_i) : gather_pairs(first, p.stride_o);
    if (any_extreme(words)) *p.extreme = true;
    return _mm512_storeu_si512(to, words);
  }
  for (std::int64_t o = 0; o < kTileColumns; ++o) {
    for (std::int64_t half = 0; half < 2; ++half) {
      const bool exists = o < left && i + half < p.in;
      const std::uint16_t w =
          exists ? p.w[(i + half) * p.stride_i + (column + o) * p.stride_o] : std::uint16_t{0};
      if (is_extreme(w)) *p.extreme = true;
      to[2 * o + half] = w;
    }
  }
}

template <typename, int, int>
inline void run(const TilePanelArgs& args) {
  const TilePanelArgs p = args;
  std::uint16_t* to = p.to;
  for (std::int64_t column = 0; column < p.out; column += kTileColumns) {
    for (std::int64_t i = 0; i < p.in; i += kTileDepth, to += kTileElements) {
      for (std::int64_t pair = 0; pair < 16; ++pair) {
        panel_pair(p, i + 2 * pair, column, to + 32 * pair);
      }
    }
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
