// From packed codes back to float32, kernel-major.

#include "core/parallel.h"
#include "cpu/weights.h"

namespace voxloom::cpu {
namespace {

using engine::DequantizeWeight;
using engine::Packing;

// Input channel `i` of kernel offset `k`, all output channels. The product of a float and a code is
// exact in binary64, so there is one rounding, and a fused multiply-add gives the same.
template <typename S>
void dequantize_row(const DequantizeWeight& problem, std::int64_t k, std::int64_t i, float* row) {
  const Packing& packing = problem.packing;
  const std::int64_t word = i / packing.codes_per_word();
  const auto shift = static_cast<unsigned>(i % packing.codes_per_word() * packing.bits);
  const std::uint32_t mask = (1U << packing.bits) - 1U;
  const auto* codes = problem.codes->data<std::uint32_t>();
  const S* scales = problem.scales->data<S>();
  const S* biases = problem.biases->data<S>();
  for (std::int64_t o = 0; o < packing.out; ++o) {
    const std::uint32_t code = (codes[packing.at(k, o, word, packing.words())] >> shift) & mask;
    const std::int64_t group = packing.at(k, o, i / packing.group_size, packing.groups());
    const double scale = static_cast<float>(scales[group]);
    const double bias = static_cast<float>(biases[group]);
    row[o] = static_cast<float>(scale * code + bias);
  }
}

template <typename S>
void dequantize(const DequantizeWeight& problem) {
  constexpr std::int64_t kGrain = 16;
  const Packing& packing = problem.packing;
  float* values = problem.values->mutable_data<float>();
  parallel_for(packing.volume * packing.in, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      dequantize_row<S>(problem, row / packing.in, row % packing.in, values + row * packing.out);
    }
  });
}

}  // namespace

void dequantize_weight(const DequantizeWeight& problem) {
  if (problem.scales->dtype() == DType::f16) {
    dequantize<float16>(problem);
  } else {
    dequantize<float>(problem);
  }
}

}  // namespace voxloom::cpu
