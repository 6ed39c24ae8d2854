#include "oracle/quant.h"

#include <gtest/gtest.h>

#include "oracle/random.h"

namespace voxloom_oracle {
namespace {

// A group of 32: the given values, then padding zeros.
QuantGroup group_of(std::vector<float> values, int64_t bits = 4) {
  values.resize(32, 0.0F);
  return quantize_group(values, bits);
}

// 1 + 2^-11 is a tie between 1 and 1 + 2^-10 and goes to the even 1; 1 + 3*2^-11 goes up to
// 1 + 2^-9. Half of the smallest subnormal 2^-24 ties to 0. 65520 is a tie beyond 65504.
TEST(OracleRounding, Float16) {
  EXPECT_EQ(round_to_f16(1 + std::ldexp(1, -11)), 1);
  EXPECT_EQ(round_to_f16(1 + std::ldexp(3, -11)), 1 + std::ldexp(1, -9));
  EXPECT_EQ(round_to_f16(std::ldexp(1, -25)), 0);
  EXPECT_EQ(round_to_f16(std::ldexp(3, -26)), std::ldexp(1, -24));
  EXPECT_EQ(round_to_f16(-65519.0), -65504.0);
  EXPECT_EQ(round_to_f16(-65520.0), -std::numeric_limits<double>::infinity());
}

TEST(OracleRounding, Bfloat16) {
  EXPECT_EQ(round_to_bf16(1 + std::ldexp(1, -8)), 1);
  EXPECT_EQ(round_to_bf16(1 + std::ldexp(3, -8)), 1 + std::ldexp(1, -6));
  EXPECT_EQ(round_to_bf16(3e38), std::ldexp(226, 120));  // 3e38 / 2^120 = 225.7
  EXPECT_EQ(round_to_bf16(-3.4e38), -std::numeric_limits<double>::infinity());
}

// The general routine against the processor's own float32 conversion, subnormals included.
TEST(OracleRounding, FormatRoutineAgreesWithFloat32) {
  Random random(31);
  const double largest = std::numeric_limits<float>::max();
  for (int i = 0; i < 2000; ++i) {
    const auto exponent = static_cast<int>(random.integer(-155, 130));
    const double x = std::ldexp(2 * random.unit() - 1, exponent);
    EXPECT_EQ(round_to_format(x, 24, -126, largest), round_to_f32(x)) << x;
  }
}

// min 0, max 15: the edge is 15, s = 15/15 = 1 turned to -1, q0 = -15, bias 15, and
// code = (w - 15) / -1 = 15 - w.
TEST(OracleQuant, PositiveEdge) {
  const QuantGroup g = group_of({0, 15, 4, 4.5F, 5.5F});
  EXPECT_EQ(g.scale, -1.0F);
  EXPECT_EQ(g.bias, 15.0F);
  // 15 - 4.5 = 10.5 and 15 - 5.5 = 9.5 are ties and go to the even code.
  const std::vector<int64_t> expected = {15, 0, 11, 10, 10, 15};
  EXPECT_EQ(std::vector<int64_t>(g.codes.begin(), g.codes.begin() + 6), expected);
}

// min -8, max 7: |min| is larger, s = 15/15 = 1, q0 = -8, bias -8, code = w + 8.
TEST(OracleQuant, NegativeEdge) {
  const QuantGroup g = group_of({-8, 7, 0});
  EXPECT_EQ(g.scale, 1.0F);
  EXPECT_EQ(g.bias, -8.0F);
  EXPECT_EQ(g.codes[0], 0);
  EXPECT_EQ(g.codes[1], 15);
  EXPECT_EQ(g.codes[2], 8);
}

// -7.5 .. 7.5: |min| > |max| is false, so the edge is 7.5 and s = -1. rint(-7.5) = -8 makes
// s = -0.9375; the code of -7.5 is 15/0.9375 = 16 and is clamped to 15: value -6.5625.
TEST(OracleQuant, EqualMagnitudesTakeTheMaximumAndClamp) {
  const QuantGroup g = group_of({-7.5F, 7.5F, 0});
  EXPECT_EQ(g.scale, -0.9375F);
  EXPECT_EQ(g.bias, 7.5F);
  EXPECT_EQ(g.codes[0], 15);
  EXPECT_EQ(g.codes[1], 0);
  EXPECT_EQ(g.codes[2], 8);  // 7.5 / 0.9375
}

// A whole group of 0.5: the range is 0 and s = 1e-7. |min| = |max|, so s = -1e-7 whatever the
// sign; q0 = rint(0.5 / -1e-7) is about -5e6, the bias is 0.5 and every code 0: exact.
TEST(OracleQuant, AllEqualGroup) {
  for (float value : {0.5F, -0.5F}) {
    const QuantGroup g = quantize_group(std::vector<float>(32, value), 4);
    EXPECT_EQ(g.bias, value);
    EXPECT_NEAR(g.scale, -1e-7, 1e-12);
    EXPECT_EQ(g.codes, std::vector<int64_t>(32, 0));
  }
}

// q0 = 0: the scale stays -1e-7 and the bias is 0, not the edge.
TEST(OracleQuant, ZeroAndTinyGroups) {
  for (float value : {0.0F, 1e-8F, -1e-8F}) {
    const QuantGroup g = quantize_group(std::vector<float>(32, value), 8);
    EXPECT_EQ(g.scale, -1e-7F);
    EXPECT_EQ(g.bias, 0.0F);
    EXPECT_EQ(g.codes, std::vector<int64_t>(32, 0));
  }
  // Padding zeros below a negative value make |min| > |max|: the sign stays.
  EXPECT_EQ(group_of({-1e-8F}, 8).scale, 1e-7F);
}

TEST(OracleQuant, PackingPutsLowBitsFirst) {
  EXPECT_EQ(pack_codes({1, 2, 3}, 4), (std::vector<uint32_t>{0x321}));
  EXPECT_EQ(pack_codes({0, 0, 0, 0, 0, 0, 0, 15, 7}, 4), (std::vector<uint32_t>{0xF0000000, 7}));
  EXPECT_EQ(pack_codes({1, 2, 255, 4, 5}, 8), (std::vector<uint32_t>{0x04FF0201, 5}));
  EXPECT_EQ(unpack_code({0xF0000000, 7}, 7, 4), 15);
  EXPECT_EQ(unpack_code({0xF0000000, 7}, 8, 4), 7);
}

// Three channels of 15 in a group of 32: the padding zeros make the range 15, so the channels have
// code 0 and the padding has code 15.
TEST(OracleQuant, PaddingZerosTakePart) {
  const Weight w{{1, 1, 3, 1}, {15, 15, 15}};
  const QuantizedWeight q = quantize(w, {.bits = 4, .group_size = 32});
  EXPECT_EQ(q.words, (std::vector<uint32_t>{0xFFFFF000, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}));
  EXPECT_EQ(q.scales, (std::vector<double>{-1}));
  EXPECT_EQ(q.biases, (std::vector<double>{15}));
  EXPECT_EQ(dequantize(q).v, w.v);
}

// 40 input channels in groups of 32: 2 groups and 64 codes, 8 words of 4 bits or 16 of 8.
// Volume 1: (co, i) at co*items + i. Volume 3: (k, i, co) at (k*items + i)*C_out + co.
TEST(OracleQuant, StoredLayouts) {
  const QuantSpec spec{.bits = 4, .group_size = 32};
  EXPECT_EQ(spec.words(40), 8);
  EXPECT_EQ((QuantSpec{.bits = 8, .group_size = 32}.words(40)), 16);
  EXPECT_EQ((QuantSpec{.bits = 4, .group_size = 128}.words(40)), 16);
  const QuantizedWeight one{spec, {1, 1, 40, 5}, {}, {}, {}};
  EXPECT_EQ(one.position(0, 3, 2, 8), 26U);  // 3*8 + 2
  const QuantizedWeight many{spec, {3, 1, 40, 5}, {}, {}, {}};
  EXPECT_EQ(many.position(2, 3, 1, 8), 88U);  // (2*8 + 1)*5 + 3
}

TEST(OracleQuant, ScalesAreRoundedAfterTheCodes) {
  Weight w = Weight::zeros({1, 1, 32, 1});
  w.v[0] = 0.3F;
  const QuantizedWeight full = quantize(w, {.bits = 8, .group_size = 32});
  const QuantizedWeight half = quantize(w, {.bits = 8, .group_size = 32, .half_scales = true});
  EXPECT_EQ(full.words, half.words);
  EXPECT_EQ(half.scales[0], round_to_f16(full.scales[0]));
  EXPECT_NE(half.scales[0], full.scales[0]);
  EXPECT_EQ(half.biases[0], 0.300048828125);  // 2458 / 8192
}

// Nowhere is a value farther from its original than the coarsest step allows: one code, because
// an edge that rint moves may be clamped.
TEST(OracleQuant, RoundTripIsCloseInBothLayouts) {
  Random random(32);
  for (int64_t volume : {1, 4}) {
    const WeightShape shape{volume, 1, 40, 3};
    const Weight w{shape, random_values(random, shape.size())};
    for (int64_t bits : {4, 8}) {
      const Weight back = dequantize(quantize(w, {.bits = bits, .group_size = 64}));
      const double step = 2.0 / static_cast<double>((1 << bits) - 1);
      double worst = 0;
      for (size_t i = 0; i < w.v.size(); ++i) {
        worst = std::max(worst, std::fabs(back.v[i] - w.v[i]));
      }
      EXPECT_LE(worst, step);
      EXPECT_GT(worst, 0.0);
    }
  }
}

}  // namespace
}  // namespace voxloom_oracle
