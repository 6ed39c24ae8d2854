// 64-bit arithmetic that says so when it overflows. Every count and byte size goes through here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <new>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace voxloom {

[[nodiscard]] inline std::int64_t checked_mul(std::string_view op, std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    fail_resource(op, "{} x {} does not fit 64 bits", a, b);
  }
  return product;
}

[[nodiscard]] inline std::int64_t checked_product(std::string_view op,
                                                  std::initializer_list<std::int64_t> factors) {
  std::int64_t product = 1;
  for (const std::int64_t factor : factors) product = checked_mul(op, product, factor);
  return product;
}

[[nodiscard]] constexpr bool fits_int32(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

// Rows are numbered with int32 everywhere.
inline constexpr std::int64_t kMaxRows = std::numeric_limits<std::int32_t>::max();

inline void require_row_count(std::string_view op, std::int64_t rows) {
  if (rows > kMaxRows) {
    fail_resource(op, "{} rows; at most {} fit", rows, kMaxRows);
  }
}

[[nodiscard]] inline std::int32_t checked_row_count(std::string_view op, std::int64_t rows) {
  require_row_count(op, rows);
  return static_cast<std::int32_t>(rows);
}

// Runs a body that allocates by the caller's numbers: what the system cannot give is a ResourceError.
template <typename Body>
decltype(auto) with_memory_errors(std::string_view op, const Body& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    fail_resource(op, "the system has not enough memory left");
  } catch (const std::length_error&) {
    fail_resource(op, "more elements than memory can hold");
  }
}

template <typename T>
void resize_or_throw(std::string_view op, std::vector<T>& values, std::int64_t count, T value) {
  with_memory_errors(op, [&] { values.assign(static_cast<std::size_t>(count), value); });
}

// Division that rounds towards minus infinity; `b` is positive.
[[nodiscard]] constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace voxloom
