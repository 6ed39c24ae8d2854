// float16 and bfloat16 against the formats' definitions: every value of theirs, and the float32 values
// where rounding turns.

#include "voxloom/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "oracle/rounding.h"

namespace voxloom::test {
namespace {

namespace oracle = voxloom_oracle;

template <typename T>
float through(float value) {
  return static_cast<float>(T(value));
}

// Every value of a 16-bit type that is a number, as its definition says.
double half_value(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10U & 31U);
  const double mantissa = bits & 1023U;
  const double size =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & 0x8000U) != 0 ? -size : size;
}

TEST(Float16, EveryValueIsItsDefinitionAndComesBack) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const float value = detail::float_from_half(static_cast<std::uint16_t>(bits));
    const unsigned magnitude = bits & 0x7fffU;
    if (magnitude > 0x7c00U) {
      EXPECT_TRUE(std::isnan(value)) << bits;
      EXPECT_TRUE(std::isnan(through<float16>(value))) << bits;
      continue;
    }
    if (magnitude == 0x7c00U) {
      EXPECT_TRUE(std::isinf(value)) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(value), half_value(bits)) << bits;
    }
    ASSERT_EQ(detail::half_from_float(value), bits);
  }
}

// Between two neighbours of a 16-bit type: the middle, and a float32 step to either side of it.
template <typename T, typename Round>
void expect_rounded_between(const Round& round) {
  std::int64_t seen = 0;
  for (unsigned bits = 0; bits < 65535; ++bits) {
    T low, high;
    low.bits = static_cast<std::uint16_t>(bits);
    high.bits = static_cast<std::uint16_t>(bits + 1);
    const auto a = static_cast<float>(low), b = static_cast<float>(high);
    if (!std::isfinite(a) || !std::isfinite(b) || std::signbit(a) != std::signbit(b)) continue;
    const auto middle = static_cast<float>((static_cast<double>(a) + static_cast<double>(b)) / 2);
    for (const float value : {middle, std::nextafter(middle, a), std::nextafter(middle, b)}) {
      ASSERT_EQ(static_cast<double>(through<T>(value)), round(static_cast<double>(value))) << bits;
      ++seen;
    }
  }
  EXPECT_GT(seen, 180000);
}

TEST(Float16, RoundsToTheNearestAndHalvesToEven) {
  expect_rounded_between<float16>(oracle::round_to_f16);
}

TEST(Bfloat16, RoundsToTheNearestAndHalvesToEven) {
  expect_rounded_between<bfloat16>(oracle::round_to_bf16);
}

TEST(Float16, BeyondItsRangeIsInfinity) {
  EXPECT_EQ(through<float16>(65504.0F), 65504.0F);
  EXPECT_EQ(through<float16>(std::nextafter(65520.0F, 0.0F)), 65504.0F);
  EXPECT_TRUE(std::isinf(through<float16>(65520.0F)));
  EXPECT_EQ(through<float16>(-1e30F), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(detail::half_from_float(-0.0F), 0x8000U);
}

TEST(Bfloat16, BeyondItsRangeIsInfinity) {
  const float largest = std::ldexp(255.0F, 120);
  EXPECT_EQ(through<bfloat16>(largest), largest);
  EXPECT_TRUE(std::isinf(through<bfloat16>(std::numeric_limits<float>::max())));
}

// Whatever its payload, also one that lies in the bits that are cut off.
TEST(HalfPrecision, ANanStaysOne) {
  for (const std::uint32_t payload : {1U, 0x1fffU, 0x2000U, 0x400000U, 0x7fffffU}) {
    for (const std::uint32_t sign : {0U, 0x80000000U}) {
      const auto nan = std::bit_cast<float>(sign | 0x7f800000U | payload);
      EXPECT_TRUE(std::isnan(through<float16>(nan))) << payload;
      EXPECT_TRUE(std::isnan(through<bfloat16>(nan))) << payload;
      EXPECT_EQ(std::signbit(through<float16>(nan)), sign != 0);
    }
  }
}

}  // namespace
}  // namespace voxloom::test
