// Element types. float16 and bfloat16 are storage only: arithmetic happens in float32 and is rounded
// once, to nearest even, at the store.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

enum class DType : std::uint8_t { f32, f16, bf16, f64, i32, i64, u32, u8 };

[[nodiscard]] std::size_t size_of(DType dtype);
[[nodiscard]] std::string_view name_of(DType dtype);  // "float32", "int32", ...
[[nodiscard]] bool is_feature_dtype(DType dtype);     // float32, float16 or bfloat16

namespace detail {
// IEEE 754 binary16, round to nearest even; overflow goes to infinity, NaN stays NaN.
[[nodiscard]] std::uint16_t half_from_float(float value) noexcept;
[[nodiscard]] float float_from_half(std::uint16_t bits) noexcept;
}  // namespace detail

struct float16 {
  std::uint16_t bits = 0;
  float16() = default;
  explicit float16(float value) noexcept : bits(detail::half_from_float(value)) {}
  explicit operator float() const noexcept { return detail::float_from_half(bits); }
};

struct bfloat16 {
  std::uint16_t bits = 0;
  bfloat16() = default;
  explicit bfloat16(float value) noexcept {
    const auto u = std::bit_cast<std::uint32_t>(value);
    const bool nan = (u & 0x7fffffffU) > 0x7f800000U;
    const std::uint32_t rounded = u + 0x7fffU + ((u >> 16) & 1U);
    // A NaN whose payload lies in the low half would round to infinity: set the quiet bit instead.
    bits = static_cast<std::uint16_t>((nan ? u | 0x400000U : rounded) >> 16);
  }
  explicit operator float() const noexcept {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
};

// dtype_of<T>: the DType that stores elements of the C++ type T.
template <typename T>
inline constexpr DType dtype_of = [] {
  static_assert(sizeof(T) == 0, "no DType stores this type");
  return DType::f32;
}();
template <>
inline constexpr DType dtype_of<float> = DType::f32;
template <>
inline constexpr DType dtype_of<float16> = DType::f16;
template <>
inline constexpr DType dtype_of<bfloat16> = DType::bf16;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::i32;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::i64;
template <>
inline constexpr DType dtype_of<std::uint32_t> = DType::u32;
template <>
inline constexpr DType dtype_of<std::uint8_t> = DType::u8;

}  // namespace voxloom
