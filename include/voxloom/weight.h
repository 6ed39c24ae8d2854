// Convolution and linear weights: dense in one of five layouts, or packed int4 / int8.
//
// Dense layouts are told apart by rank (G groups, K kernel volume):
//   5  (C_out, Kx, Ky, Kz, C_in/G)        checked axis by axis against the kernel size
//   4  (K, G, C_in/G, C_out/G)            grouped, kernel-major
//   3  (K, C_in, C_out)                   kernel-major, groups = 1
//   2  (C_out, C_in) when groups = 1      pointwise
//      (K, C)        when groups = C > 1  depthwise
#pragma once

#include <cstdint>
#include <variant>

#include "voxloom/export.h"
#include "voxloom/tensor.h"
#include "voxloom/triple.h"

namespace VOXLOOM_API voxloom {

// Affine codes: value = scale * code + bias, unsigned codes of 4 or 8 bits, groups along C_in
// (padded with zeros up to a multiple). Channel c sits at bit (c*bits) % 32 of word c*bits/32, low
// bits first. Arrays as stored:
//   kernel volume 1   codes (1, C_out, words)   scales, biases (1, C_out, groups)
//   else              codes (K, words, C_out)   scales, biases (K, groups, C_out)
// Codes are uint32; scales and biases float16 or float32.
struct QuantizedWeight {
  Tensor codes, scales, biases;
  int bits = 8;
  int group_size = 64;
  std::int64_t in_channels = 0;  // before padding

  [[nodiscard]] std::int64_t kernel_volume() const { return codes.dim(0); }
  [[nodiscard]] std::int64_t out_channels() const {
    return codes.dim(0) == 1 ? codes.dim(1) : codes.dim(2);
  }
  [[nodiscard]] std::size_t bytes() const {
    return codes.bytes() + scales.bytes() + biases.bytes();
  }
};

struct QuantizeOptions {
  int bits = 8;                    // 4 or 8
  int group_size = 64;             // 32, 64 or 128
  DType scale_dtype = DType::f16;  // float16 or float32
};

// Quantizes a float weight: (C_out,Kx,Ky,Kz,C_in), (K,1,C_in,C_out), (K,C_in,C_out) or (C_out,C_in).
// The arithmetic is that of docs/semantics.md, section 4, in float32.
[[nodiscard]] QuantizedWeight quantize(const Tensor& weight, const QuantizeOptions& options = {});

// The float32 weight, kernel-major (K, C_in, C_out).
[[nodiscard]] Tensor dequantize(const QuantizedWeight& weight);

// Throws std::invalid_argument unless the arrays fit each other as drawn above.
void validate(const QuantizedWeight& weight);

// What every convolution and linear takes.
using Weight = std::variant<Tensor, QuantizedWeight>;

}  // namespace voxloom
