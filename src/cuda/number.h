// Elements in device memory and their values: float32 is itself, float16 and bfloat16 are storage, read
// exactly and rounded once, to nearest even, at the store.
#pragma once

#include "cuda/device.h"
#include "voxloom/dtype.h"

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

namespace voxloom::cuda {

VOXLOOM_DEVICE float value_of(float v) { return v; }

VOXLOOM_DEVICE float value_of(bfloat16 v) {
  return as_float(static_cast<std::uint32_t>(v.bits) << 16);
}

VOXLOOM_DEVICE float value_of(float16 v) {
#ifdef __CUDACC__
  return __half2float(__ushort_as_half(v.bits));
#else
  return static_cast<float>(v);
#endif
}

template <typename T>
VOXLOOM_DEVICE T rounded(float v);

template <>
VOXLOOM_DEVICE float rounded<float>(float v) {
  return v;
}

template <>
VOXLOOM_DEVICE bfloat16 rounded<bfloat16>(float v) {
  const std::uint32_t u = as_bits(v);
  const bool nan = (u & 0x7fffffffU) > 0x7f800000U;
  const std::uint32_t nearest = u + 0x7fffU + ((u >> 16) & 1U);
  bfloat16 to;
  // A NaN whose payload lies in the low half would round to infinity: set the quiet bit instead.
  to.bits = static_cast<std::uint16_t>((nan ? u | 0x400000U : nearest) >> 16);
  return to;
}

template <>
VOXLOOM_DEVICE float16 rounded<float16>(float v) {
#ifdef __CUDACC__
  float16 to;
  to.bits = __half_as_ushort(__float2half_rn(v));
  return to;
#else
  return float16(v);
#endif
}

}  // namespace voxloom::cuda
