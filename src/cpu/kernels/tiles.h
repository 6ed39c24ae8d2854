// Products of bfloat16 on matrix tiles (AMX): 16 rows x 32 input channels times 32 x 16 output channels
// in 16 cycles, 16 times the multiply-adds of a vector unit.
//
// Two tiles of entries by two of columns are a block of 32 x 32 sums. Rows are gathered into tiles once
// for all columns. The sums' rows are scattered, which tiles cannot be: a block goes to memory and is
// added to them. Sums are float32; each tile adds the products of even and of odd channels by themselves,
// then both, one rounding an addition.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 finds its own undefined vectors uninitialised (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "cpu/kernels/ahead.h"
#include "cpu/kernels/args.h"

namespace voxloom::cpu::kernels {
namespace {

constexpr std::int64_t kLineBytes = 64;

// GCC does not know that tile loads read memory: what they read has to be stored by then.
inline void written(const void* p) { __asm__ volatile("" : : "r"(p) : "memory"); }

struct alignas(64) TileShapes {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

template <typename, int, int>
inline void run(const TileSetupArgs& s) {
  if (!s.on) return _tile_release();
  TileShapes shapes;
  for (int tile = 0; tile < 8; ++tile) {
    shapes.row_bytes[tile] = kLineBytes;
    shapes.rows[tile] = 16;
  }
  written(&shapes);
  _tile_loadconfig(&shapes);
}

// n rows, each in whole tiles: zeros behind its end, which meet zeros of W.
inline void gather(const TileGemmArgs& g, std::int64_t e, std::int64_t n, std::int64_t padded) {
  for (std::int64_t r = 0; r < n; ++r) {
    const std::uint16_t* from = g.a + g.a_row[e + r] * g.a_stride;
    std::uint16_t* to = g.gathered + r * padded;
    std::int64_t i = 0;
    for (; i + kTileDepth <= g.depth; i += kTileDepth) {
      _mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
    }
    if (i == g.depth) continue;
    const auto mask = static_cast<__mmask32>((std::uint32_t{1} << (g.depth - i)) - 1U);
    _mm512_storeu_si512(to + i, _mm512_maskz_loadu_epi16(mask, from + i));
  }
}

// One block: 16 or 32 gathered rows by 16 or 32 columns.
template <bool kTwoRows, bool kTwoColumns>
inline void multiply_block(const std::uint16_t* rows, std::int64_t padded, const std::uint16_t* w,
                           float* product) {
  const std::int64_t row_bytes = padded * 2;
  const std::uint16_t* lower = rows + 16 * padded;
  const std::uint16_t* right = w + padded / kTileDepth * kTileElements;
  _tile_zero(0);
  if (kTwoColumns) _tile_zero(1);
  if (kTwoRows) _tile_zero(2);
  if (kTwoRows && kTwoColumns) _tile_zero(3);
  for (std::int64_t i = 0; i < padded; i += kTileDepth) {
    _tile_loadd(4, rows + i, row_bytes);
    _tile_loadd(6, w + i * 16, kLineBytes);
    _tile_dpbf16ps(0, 4, 6);
    if (kTwoColumns) {
      _tile_loadd(7, right + i * 16, kLineBytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if (kTwoRows) {
      _tile_loadd(5, lower + i, row_bytes);
      _tile_dpbf16ps(2, 5, 6);
      if (kTwoColumns) _tile_dpbf16ps(3, 5, 7);
    }
  }
  constexpr std::int64_t kStride = 32;
  _tile_stored(0, product, kStride * 4);
  if (kTwoColumns) _tile_stored(1, product + 16, kStride * 4);
  if (kTwoRows) _tile_stored(2, product + 16 * kStride, kStride * 4);
  if (kTwoRows && kTwoColumns) _tile_stored(3, product + 16 * kStride + 16, kStride * 4);
}

template <bool kTwoColumns>
inline void add_block(const TileGemmArgs& g, std::int64_t e, std::int64_t n, std::int64_t column) {
  for (std::int64_t r = 0; r < n; ++r) {
    float* c = g.c + g.c_row[e + r] * g.columns + column;
    const float* product = g.product + 32 * r;
    _mm512_storeu_ps(c, _mm512_add_ps(_mm512_loadu_ps(c), _mm512_loadu_ps(product)));
    if (!kTwoColumns) continue;
    _mm512_storeu_ps(c + 16, _mm512_add_ps(_mm512_loadu_ps(c + 16), _mm512_loadu_ps(product + 16)));
  }
}

template <bool kTwoColumns>
inline void multiply_columns(const TileGemmArgs& g, std::int64_t e, std::int64_t n,
                             std::int64_t padded, std::int64_t column) {
  const std::uint16_t* w = g.w + column * padded;
  n > 16 ? multiply_block<true, kTwoColumns>(g.gathered, padded, w, g.product)
         : multiply_block<false, kTwoColumns>(g.gathered, padded, w, g.product);
  add_block<kTwoColumns>(g, e, n, column);
}

template <typename, int kRows, int kWidth>
inline void run(const TileGemmArgs& args) {
  static_assert(kRows == 32 && kWidth == 32);
  const TileGemmArgs g = args;
  const std::int64_t padded = (g.depth + kTileDepth - 1) / kTileDepth * kTileDepth;
  for (std::int64_t e = 0; e < g.count; e += kRows) {
    ask_for(g.ahead);
    const std::int64_t n = g.count - e < kRows ? g.count - e : kRows;
    gather(g, e, n, padded);
    written(g.gathered);
    std::int64_t column = 0;
    for (; column + kWidth <= g.columns; column += kWidth) {
      multiply_columns<true>(g, e, n, padded, column);
    }
    if (column < g.columns) multiply_columns<false>(g, e, n, padded, column);
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
