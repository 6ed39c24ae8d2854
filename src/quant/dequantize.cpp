// From packed codes back to float32, kernel-major.

#include "core/checked.h"
#include "core/dispatch.h"
#include "core/parallel.h"
#include "quant/packing.h"

namespace voxloom {
namespace {

using quant::Packing;

// Input channel `i` of kernel offset `k`, all output channels. The product of a float and a code is
// exact in binary64, so there is one rounding, and a fused multiply-add gives the same.
template <typename S>
void dequantize_row(const QuantizedWeight& weight, const Packing& packing, std::int64_t k,
                    std::int64_t i, float* row) {
  const std::int64_t word = i / packing.codes_per_word();
  const auto shift = static_cast<unsigned>(i % packing.codes_per_word() * packing.bits);
  const std::uint32_t mask = (1U << packing.bits) - 1U;
  const auto* codes = weight.codes.data<std::uint32_t>();
  const S* scales = weight.scales.data<S>();
  const S* biases = weight.biases.data<S>();
  for (std::int64_t o = 0; o < packing.out; ++o) {
    const std::uint32_t code = (codes[packing.at(k, o, word, packing.words())] >> shift) & mask;
    const std::int64_t group = packing.at(k, o, i / packing.group_size, packing.groups());
    const double scale = static_cast<float>(scales[group]);
    const double bias = static_cast<float>(biases[group]);
    row[o] = static_cast<float>(scale * code + bias);
  }
}

template <typename S>
void dequantize_all(const QuantizedWeight& weight, const Packing& packing, float* values) {
  constexpr std::int64_t kGrain = 16;
  parallel_for(packing.volume * packing.in, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      dequantize_row<S>(weight, packing, row / packing.in, row % packing.in,
                        values + row * packing.out);
    }
  });
}

}  // namespace

Tensor dequantize(const QuantizedWeight& weight) {
  validate(weight);
  const Packing packing{.bits = weight.bits,
                        .group_size = weight.group_size,
                        .volume = weight.kernel_volume(),
                        .in = weight.in_channels,
                        .out = weight.out_channels()};
  Tensor result = Tensor::empty({packing.volume, packing.in, packing.out}, DType::f32);
  if (weight.scales.dtype() == DType::f16) {
    dequantize_all<float16>(weight, packing, result.mutable_data<float>());
  } else {
    dequantize_all<float>(weight, packing, result.mutable_data<float>());
  }
  return result;
}

}  // namespace voxloom
