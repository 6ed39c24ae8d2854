// Row-wise kernels: gathering rows as float32, and the store with its epilogue. Each copies its
// arguments: a store could change what a reference refers to, and every field would be read again.
#pragma once

#include "cpu/kernels/args.h"
#include "cpu/kernels/simd.h"

namespace voxloom::cpu::kernels {
namespace {

// One tile of one entry, of which `left` columns exist; kAll: all of them.
template <bool kAll, int kWidth, typename T>
[[gnu::always_inline]] inline void panel_tile(const T* x, std::int64_t left, float* out) {
  VOXLOOM_UNROLL
  for (int i = 0; i < kWidth; i += kLanes) {
    if constexpr (kAll) {
      store(out + i, load(x + i));
    } else {
      store(out + i, left > i ? load_some(x + i, left - i) : zero());
    }
  }
}

template <typename T, int, int kWidth>
inline void run(const PanelArgs& args) {
  static_assert(kWidth % kLanes == 0);
  const PanelArgs p = args;
  const std::int64_t whole = p.depth / kWidth;
  for (std::int64_t e = 0; e < p.count; ++e) {
    const T* x = static_cast<const T*>(p.x) + p.row[e] * p.x_stride;
    float* out = p.out + e * kWidth;
    for (std::int64_t t = 0; t < whole; ++t, x += kWidth, out += p.out_stride) {
      panel_tile<true, kWidth>(x, kWidth, out);
    }
    const std::int64_t left = p.depth - whole * kWidth;
    if (left > 0) panel_tile<false, kWidth>(x, left, out);
  }
}

template <typename T, int, int kWidth>
inline void run(const WidenArgs& args) {
  static_assert(kWidth == kLanes);
  const WidenArgs w = args;
  for (std::int64_t e = 0; e < w.count; ++e) {
    const T* x = static_cast<const T*>(w.x) + w.row[e] * w.x_stride;
    float* out = w.out + e * w.out_stride;
    std::int64_t i = 0;
    for (; i + kLanes <= w.depth; i += kLanes) store(out + i, load(x + i));
    if (i < w.depth) store_part(out + i, load_part(x + i, w.depth - i), w.depth - i);
  }
}

// The epilogue of n <= kLanes channels that start at channel i of row r.
template <typename T>
[[gnu::always_inline]] inline Vec finish(const StoreArgs& s, Vec sum, std::int64_t i,
                                         const T* residual, std::int64_t n) {
  if (s.bias != nullptr) sum = add(sum, load_some(s.bias + i, n));
  if (s.scale != nullptr) sum = fma(sum, load_some(s.scale + i, n), zero());
  if (s.shift != nullptr) sum = add(sum, load_some(s.shift + i, n));
  if (residual != nullptr) sum = add(sum, load_some(residual + i, n));
  if (s.rectifier == Rectifier::relu) sum = select_negative(sum, zero());
  if (s.rectifier == Rectifier::leaky_relu) {
    sum = select_negative(sum, fma(sum, broadcast(s.slope), zero()));
  }
  return sum;
}

inline bool is_plain(const StoreArgs& s) {
  return s.bias == nullptr && s.scale == nullptr && s.shift == nullptr && s.residual == nullptr &&
         s.rectifier == Rectifier::none;
}

// Rows of whole vectors with no epilogue: with few channels the checks would cost more than the store.
template <typename T>
inline void store_plain(const StoreArgs s) {
  for (std::int64_t r = 0; r < s.rows; ++r) {
    T* y = static_cast<T*>(s.y) + (s.y_row == nullptr ? r : s.y_row[r]) * s.y_stride;
    const float* c = s.c + r * s.c_stride;
    for (std::int64_t i = 0; i < s.width; i += kLanes) store(y + i, load(c + i));
  }
}

template <typename T, int, int kWidth>
inline void run(const StoreArgs& args) {
  static_assert(kWidth == kLanes);
  const StoreArgs s = args;
  if (is_plain(s) && s.width % kLanes == 0) return store_plain<T>(s);
  for (std::int64_t r = 0; r < s.rows; ++r) {
    const std::int64_t at = (s.y_row == nullptr ? r : s.y_row[r]) * s.y_stride;
    T* y = static_cast<T*>(s.y) + at;
    const T* residual = s.residual == nullptr ? nullptr : static_cast<const T*>(s.residual) + at;
    const float* c = s.c + r * s.c_stride;
    std::int64_t i = 0;
    for (; i + kLanes <= s.width; i += kLanes) {
      store(y + i, finish(s, load(c + i), i, residual, kLanes));
    }
    if (i < s.width) {
      const std::int64_t n = s.width - i;
      store_part(y + i, finish(s, load_part(c + i, n), i, residual, n), n);
    }
  }
}

}  // namespace
}  // namespace voxloom::cpu::kernels
