// Elements of features and weights, one at a time. Everything here has internal linkage (see
// define_kernels.h).
#pragma once

#include <cstdint>

namespace voxloom::cpu::kernels {
namespace {

struct Half {
  std::uint16_t bits;
};
struct Brain {
  std::uint16_t bits;
};

inline float from_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
inline std::uint32_t to_bits(float value) { return __builtin_bit_cast(std::uint32_t, value); }

inline float widen(float value) { return value; }
inline float widen(Brain value) { return from_bits(std::uint32_t{value.bits} << 16); }
inline float widen(Half value) {
  const std::uint32_t sign = (value.bits & 0x8000U) << 16;
  const std::uint32_t magnitude = value.bits & 0x7fffU;
  if (magnitude >= 0x7c00U) return from_bits(sign | 0x7f800000U | (magnitude & 0x3ffU) << 13);
  // 2^112 rebias: subnormal halves become normal floats by the multiplication.
  return from_bits(sign | to_bits(from_bits(magnitude << 13) * 0x1p112F));
}

inline void narrow(float value, float* out) { *out = value; }
inline void narrow(float value, Brain* out) {
  const std::uint32_t u = to_bits(value);
  const bool nan = (u & 0x7fffffffU) > 0x7f800000U;
  const std::uint32_t rounded = nan ? u | 0x400000U : u + 0x7fffU + ((u >> 16) & 1U);
  out->bits = static_cast<std::uint16_t>(rounded >> 16);
}
inline void narrow(float value, Half* out) {
  const std::uint32_t u = to_bits(value);
  const std::uint32_t sign = (u >> 16) & 0x8000U;
  const std::uint32_t magnitude = u & 0x7fffffffU;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000U) {
    half = 0x7e00U | ((magnitude >> 13) & 0x3ffU);
  } else if (magnitude >= 0x47800000U) {  // 65536 and more
    half = 0x7c00U;
  } else if (magnitude < 0x38800000U) {  // below 2^-14: the unit is 2^-24, that of 0.5f's last bit
    half = to_bits(from_bits(magnitude) + 0.5F) - 0x3f000000U;
  } else {
    const std::uint32_t rebased = magnitude - 0x38000000U;
    half = (rebased + 0xfffU + ((rebased >> 13) & 1U)) >> 13;
  }
  out->bits = static_cast<std::uint16_t>(sign | half);
}

}  // namespace
}  // namespace voxloom::cpu::kernels
