// Quotients and products of counts that may lie at the end of 64 bits, told without overflow.
#pragma once

#include <cstdint>

namespace voxloom {

// The least number of `size` that hold `count`; both at least 0, `size` above it. Never overflows.
[[nodiscard]] constexpr std::int64_t ceil_div(std::int64_t count, std::int64_t size) {
  return count / size + (count % size != 0 ? 1 : 0);
}

// Is `product` a * b, worked out without a limit?
[[nodiscard]] constexpr bool is_product(std::int64_t product, std::int64_t a, std::int64_t b) {
  std::int64_t fits = 0;
  return !__builtin_mul_overflow(a, b, &fits) && fits == product;
}

}  // namespace voxloom
