#include "cuda/matrix_units.h"
#include "cuda/number.h"

namespace voxloom::cuda {
namespace {

struct PackWeight {
  static constexpr int kThreads = 256;
  WeightView w;
  std::uint16_t* to;
  std::uint32_t* not_finite;

  VOXLOOM_DEVICE void operator()(const Thread& thread) const {
    const auto* from = static_cast<const std::uint16_t*>(w.data);
    const std::uint32_t exponent = w.dtype == DType::f16 ? 0x7C00U : 0x7F80U;
    const std::int64_t count = w.volume * w.in * w.out;
    for (std::int64_t at = thread.global(); at < count; at += thread.all()) {
      const std::int64_t o = at % w.out, i = at / w.out % w.in, k = at / w.out / w.in;
      to[at] = from[w.at(k, 0, i, o)];
      if ((to[at] & exponent) == exponent) atomic_or(not_finite, 1U);
    }
  }
};

}  // namespace

PackedWeight::PackedWeight(const WeightView& weight, Stream stream)
    : data_(weight.volume * weight.in * weight.out, stream), not_finite_(1, stream) {
  not_finite_.fill_bytes(0);
  launch_items(stream, data_.size(), PackWeight{weight, data_.data(), not_finite_.data()});
}

}  // namespace voxloom::cuda
