// The vector operations that kernels are written in, one set per instruction set: the one whose
// VOXLOOM_WITH_<ISA> the source defines. Everything here has internal linkage (see define_kernels.h).
//
//   Vec, kLanes              float32 lanes
//   load, store, part forms  the part forms touch the first n < kLanes elements of memory only
//   fma(a, b, c)             a * b + c
//   load<T>, store<T>        T: float, Half (IEEE binary16), Brain (bfloat16); round to nearest even
#pragma once

#include <cstdint>

#include "cpu/kernels/elements.h"

#if VOXLOOM_WITH_AVX2 || VOXLOOM_WITH_AVX512
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 finds its own _mm512_undefined_ps() uninitialised (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#elif VOXLOOM_WITH_NEON
#include <arm_neon.h>
#endif

// Accumulator arrays stay in registers only when the loops over them are unrolled completely.
#if defined(__clang__)
#define VOXLOOM_UNROLL _Pragma("unroll")
#else
#define VOXLOOM_UNROLL _Pragma("GCC unroll 32")
#endif

namespace voxloom::cpu::kernels {
namespace {

#if VOXLOOM_WITH_AVX512

constexpr int kLanes = 16;
using Vec = __m512;
inline Vec zero() { return _mm512_setzero_ps(); }
inline Vec broadcast(float x) { return _mm512_set1_ps(x); }
inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec select_negative(Vec x, Vec negative) {  // x < 0 ? negative : x
  return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), negative);
}
inline __m256i narrow_brain(Vec v) {
  const __m512i u = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  const __m512i kept = _mm512_mask_or_epi32(rounded, nan, u, _mm512_set1_epi32(0x400000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16));
}
inline Vec widen_brain(__m256i v) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}
inline __mmask16 first(std::int64_t n) { return static_cast<__mmask16>((1U << n) - 1U); }
inline Vec load(const Half* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline Vec load(const Brain* p) {
  return widen_brain(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline void store(Half* p, Vec v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                      _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline void store(Brain* p, Vec v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow_brain(v));
}
inline Vec load_part(const float* p, std::int64_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
inline void store_part(float* p, Vec v, std::int64_t n) { _mm512_mask_storeu_ps(p, first(n), v); }
inline Vec load_part(const Half* p, std::int64_t n) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(n), p));
}
inline Vec load_part(const Brain* p, std::int64_t n) {
  return widen_brain(_mm256_maskz_loadu_epi16(first(n), p));
}
inline void store_part(Half* p, Vec v, std::int64_t n) {
  _mm256_mask_storeu_epi16(p, first(n),
                           _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline void store_part(Brain* p, Vec v, std::int64_t n) {
  _mm256_mask_storeu_epi16(p, first(n), narrow_brain(v));
}

#elif VOXLOOM_WITH_AVX2

constexpr int kLanes = 8;
using Vec = __m256;
inline Vec zero() { return _mm256_setzero_ps(); }
inline Vec broadcast(float x) { return _mm256_set1_ps(x); }
inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec select_negative(Vec x, Vec negative) {
  return _mm256_blendv_ps(x, negative, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ));
}
inline __m128i narrow_brain(Vec v) {
  const __m256i u = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(u, _mm256_set1_epi32(0x400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  const __m256i kept = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(kept), _mm256_extracti128_si256(kept, 1));
}
inline Vec load(const Half* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline Vec load(const Brain* p) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
inline void store(Half* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                   _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline void store(Brain* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrow_brain(v));
}

#elif VOXLOOM_WITH_NEON

constexpr int kLanes = 4;
using Vec = float32x4_t;
inline Vec zero() { return vdupq_n_f32(0.0F); }
inline Vec broadcast(float x) { return vdupq_n_f32(x); }
inline Vec load(const float* p) { return vld1q_f32(p); }
inline void store(float* p, Vec v) { vst1q_f32(p, v); }
inline Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
inline Vec select_negative(Vec x, Vec negative) {
  return vbslq_f32(vcltq_f32(x, vdupq_n_f32(0.0F)), negative, x);
}
inline Vec load(const Half* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(&p->bits))); }
inline Vec load(const Brain* p) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(&p->bits), 16));
}
inline void store(Half* p, Vec v) { vst1_u16(&p->bits, vreinterpret_u16_f16(vcvt_f16_f32(v))); }
inline void store(Brain* p, Vec v) {
  const uint32x4_t u = vreinterpretq_u32_f32(v);
  const uint32x4_t odd = vandq_u32(vshrq_n_u32(u, 16), vdupq_n_u32(1));
  const uint32x4_t rounded = vaddq_u32(u, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
  const uint32x4_t quiet = vorrq_u32(u, vdupq_n_u32(0x400000));
  vst1_u16(&p->bits, vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), rounded, quiet), 16));
}

#else

constexpr int kLanes = 1;
struct Vec {
  float x;
};
inline Vec zero() { return {0.0F}; }
inline Vec broadcast(float x) { return {x}; }
template <typename T>
inline Vec load(const T* p) {
  return {widen(*p)};
}
template <typename T>
inline void store(T* p, Vec v) {
  narrow(v.x, p);
}
inline Vec add(Vec a, Vec b) { return {a.x + b.x}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {a.x * b.x + c.x}; }
inline Vec select_negative(Vec x, Vec negative) { return x.x < 0.0F ? negative : x; }

#endif

#if !VOXLOOM_WITH_AVX512
// Through a buffer: only a row's last vector comes here.
template <typename T>
inline Vec load_part(const T* p, std::int64_t n) {
  T buffer[kLanes] = {};
  for (std::int64_t i = 0; i < n; ++i) buffer[i] = p[i];
  return load(buffer);
}
template <typename T>
inline void store_part(T* p, Vec v, std::int64_t n) {
  T buffer[kLanes];
  store(buffer, v);
  for (std::int64_t i = 0; i < n; ++i) p[i] = buffer[i];
}
#endif

// sum += a * b, like fma, and in the register that holds the sum. Of the instruction's three forms GCC 12
// takes the one that overwrites a factor wherever that ends its life, and with 16 registers then has no
// room left: a sum that goes through the stack costs a store's way to a load, as long as two multiply-adds.
inline void accumulate(Vec& sum, Vec a, Vec b) {
#if VOXLOOM_WITH_AVX2
  __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
#else
  sum = fma(a, b, sum);
#endif
}

// As many of the n elements as a vector holds.
template <typename T>
inline Vec load_some(const T* p, std::int64_t n) {
  return n >= kLanes ? load(p) : load_part(p, n);
}
template <typename T>
inline void store_some(T* p, Vec v, std::int64_t n) {
  n >= kLanes ? store(p, v) : store_part(p, v, n);
}

}  // namespace
}  // namespace voxloom::cpu::kernels
