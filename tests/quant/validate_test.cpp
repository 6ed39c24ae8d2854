// Packed weights whose arrays do not fit each other are refused by name.

#include <functional>

#include "support/oracle_bridge.h"
#include "voxloom/weight.h"

namespace voxloom::test {
namespace {

using Change = std::function<void(QuantizedWeight&)>;

void expect_refused(const QuantizedWeight& good, const Change& change, const std::string& message) {
  QuantizedWeight bad = good;
  change(bad);
  expect_throws<std::invalid_argument>([&] { validate(bad); }, "[quantized_weight] " + message);
  expect_throws<std::invalid_argument>([&] { (void)dequantize(bad); }, message);
}

// Volume 6, 40 channels in 2 groups of 32, 8 words of 8 codes, 3 output channels.
QuantizedWeight convolution() {
  return quantize(Tensor::zeros({6, 40, 3}, DType::f32), {.bits = 4, .group_size = 32});
}

// 40 channels in 1 group of 64, 16 words of 4 codes, 3 output channels.
QuantizedWeight linear() { return quantize(Tensor::zeros({3, 40}, DType::f32)); }

TEST(Validate, WhatTheQuantizerMakes) {
  EXPECT_NO_THROW(validate(convolution()));
  EXPECT_NO_THROW(validate(linear()));
}

TEST(Validate, Numbers) {
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.bits = 2; }, "bits must be 4 or 8, got 2");
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.group_size = 0; },
      "group_size must be 32, 64 or 128, got 0");
  for (const std::int64_t channels : {std::int64_t{-1}, std::int64_t{1} << 62}) {
    expect_refused(
        linear(), [&](QuantizedWeight& w) { w.in_channels = channels; }, "in_channels");
  }
  // Right shapes for other numbers.
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.bits = 4; },
      "expected codes of shape (1,3,8), got (1,3,16)");
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.in_channels = 65; },
      "expected codes of shape (1,3,32), got (1,3,16)");
  expect_refused(
      convolution(), [](QuantizedWeight& w) { w.group_size = 64; },
      "expected scales of shape (6,1,3), got (6,2,3)");
}

TEST(Validate, ArraysOfTheWrongKind) {
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.codes = {}; },
      "expected codes of rank 3, got an undefined tensor");
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.scales = w.scales.reshape({3}); },
      "expected scales of rank 3, got (3)");
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.biases = {}; },
      "expected biases of rank 3, got an undefined tensor");
  expect_refused(
      linear(),
      [](QuantizedWeight& w) {
        w.codes = Tensor::zeros({1, 3, 16}, DType::i32);
      },
      "expected codes of type uint32, got int32");
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.scales = w.scales.to(DType::bf16); },
      "expected scales of type float16 or float32, got bfloat16");
  expect_refused(
      linear(), [](QuantizedWeight& w) { w.biases = w.biases.to(DType::f32); },
      "scales are float16, biases are float32");
}

TEST(Validate, ArraysOfTheWrongShape) {
  expect_refused(
      linear(),
      [](QuantizedWeight& w) {
        w.scales = Tensor::zeros({1, 2, 1}, DType::f16);
      },
      "expected scales of shape (1,3,1), got (1,2,1)");
  expect_refused(
      convolution(),
      [](QuantizedWeight& w) {
        w.biases = Tensor::zeros({6, 3, 2}, DType::f16);
      },
      "expected biases of shape (6,2,3), got (6,3,2)");
  expect_refused(
      convolution(),
      [](QuantizedWeight& w) {
        w.codes = Tensor::zeros({6, 3, 8}, DType::u32);
      },
      "expected codes of shape (6,8,8), got (6,3,8)");
  expect_refused(
      convolution(),
      [](QuantizedWeight& w) {
        w.codes = Tensor::zeros({0, 8, 3}, DType::u32);
      },
      "the kernel volume must be at least 1");
}

}  // namespace
}  // namespace voxloom::test
