// Convolutions on the device, over plain structs (cpu/convolution.h says what they compute):
//
//   forward          y[u] = bias + sum x[v] W[k]       over the entries (v, u, k) of the map
//   data gradient    the same product on the swapped map with the transposed weight view
//   weight gradient  dW[k] = sum x[v]^T dy[u]
//
// Offsets ascending, then channels; float32 sums, rounded once. The same bits on every run and grid, as a
// row's sum never depends on the rows beside it, and weight gradients are summed in chunks of rows that
// the problem alone fixes. Arguments are trusted; types are float32, float16 and bfloat16.
#pragma once

#include <cstdint>

#include "cuda/kernel_map.h"
#include "voxloom/dtype.h"

namespace voxloom::cuda {

// W[k][g][i][o] through strides, in elements: any layout, and its transpose.
struct WeightView {
  const void* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t volume = 0, groups = 1;
  std::int64_t in = 0, out = 0;  // channels of a group
  std::int64_t stride_k = 0, stride_g = 0, stride_i = 0, stride_o = 0;

  VOXLOOM_ON_BOTH std::int64_t at(std::int64_t k, std::int64_t g, std::int64_t i,
                                  std::int64_t o) const {
    return k * stride_k + g * stride_g + i * stride_i + o * stride_o;
  }
  [[nodiscard]] WeightView transposed() const {
    WeightView view = *this;
    view.in = out;
    view.out = in;
    view.stride_i = stride_o;
    view.stride_o = stride_i;
    return view;
  }
};

enum class Rectifier : std::uint8_t { none, relu, leaky_relu };

// y = rectifier((sum + bias) * scale + shift + residual)
struct Epilogue {
  const float* scale = nullptr;    // per output channel, or nullptr: 1
  const float* shift = nullptr;    // per output channel, or nullptr: 0
  const void* residual = nullptr;  // y's shape and type, or nullptr: 0
  Rectifier rectifier = Rectifier::none;
  float slope = 0.01F;  // leaky_relu

  VOXLOOM_DEVICE float operator()(float sum, std::int64_t channel, float other) const {
    if (scale != nullptr)
      sum = fused(sum, scale[channel], shift == nullptr ? 0.0F : shift[channel]);
    else if (shift != nullptr)
      sum += shift[channel];
    sum += other;
    if (rectifier == Rectifier::none || !(sum < 0.0F)) return sum;
    return rectifier == Rectifier::relu ? 0.0F : sum * slope;
  }
};

struct ConvForward {
  MapView map;
  const void* x = nullptr;  // (N_in, G * in)
  DType x_dtype = DType::f32;
  WeightView weight;           // of x's dtype or float32
  const void* bias = nullptr;  // (G * out) of x's dtype, or nullptr
  void* y = nullptr;           // (N_out, G * out); every element is written
  DType y_dtype = DType::f32;  // x's, or float32
  Epilogue epilogue = {};
};

struct ConvWeightGradient {
  MapView map;
  const void* x = nullptr;   // (N_in, G * in)
  const void* dy = nullptr;  // (N_out, G * out), x's dtype
  DType dtype = DType::f32;
  std::int64_t groups = 1, in = 0, out = 0;  // channels of a group
  float* dw = nullptr;                       // (K, G, in, out); every element is written
};

// The best that can do the problem.
void convolve(const ConvForward& problem, Stream stream);
void convolve_weight_gradient(const ConvWeightGradient& problem, Stream stream);

// The plain references, which can do everything.
void reference_forward(const ConvForward& problem, Stream stream);
void reference_weight_gradient(const ConvWeightGradient& problem, Stream stream);

}  // namespace voxloom::cuda
