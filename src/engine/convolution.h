// The products of convolutions and their gradients, as problems:
//
//   forward          y[u] = bias + sum x[v] W[k]       over the entries (v, u, k) of the map
//   data gradient    the same product on the swapped map with the transposed weight view
//   weight gradient  dW[k] = sum x[v]^T dy[u]
//   pointwise        y[r] = bias + x[r] W              every row meets itself: kernel 1, linear
#pragma once

#include "engine/algorithm.h"
#include "engine/epilogue.h"
#include "engine/map_ref.h"
#include "engine/weight_view.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

struct ConvForward {
  static constexpr std::string_view kName = "conv_forward";

  MapRef map;
  const Tensor* x = nullptr;     // (N_in, G * in), float32 / float16 / bfloat16
  WeightView weight;             // of x's dtype, or float32 (a dequantized weight)
  const Tensor* bias = nullptr;  // (G * out) of x's dtype, or nullptr
  Tensor* y = nullptr;           // (N_out, G * out), x's dtype or float32; every element is written
  Epilogue epilogue = {};
  Cut cut = {};

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.bias);
    WeightView::each_tensor(p.weight, visit);
    Epilogue::each_tensor(p.epilogue, visit);
    visit.writes(p.y);
  }
};

struct ConvWeightGradient {
  static constexpr std::string_view kName = "conv_weight_gradient";
  static constexpr bool kIsForTraining = true;

  MapRef map;
  const Tensor* x = nullptr;   // (N_in, G * in)
  const Tensor* dy = nullptr;  // (N_out, G * out), x's dtype
  std::int64_t groups = 1;
  Tensor* dw = nullptr;  // (K, G, in, out) float32; every element is written
  Cut cut = {};

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.dy);
    visit.writes(p.dw);
  }
};

struct ConvPointwise {
  static constexpr std::string_view kName = "conv_pointwise";

  const Tensor* x = nullptr;     // (N, G * in), float32 / float16 / bfloat16
  WeightView weight;             // volume 1, of x's dtype, or float32 (a dequantized weight)
  const Tensor* bias = nullptr;  // (G * out) of x's dtype, or nullptr
  Tensor* y = nullptr;           // (N, G * out), x's dtype or float32; every element is written
  Epilogue epilogue = {};

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.bias);
    WeightView::each_tensor(p.weight, visit);
    Epilogue::each_tensor(p.epilogue, visit);
    visit.writes(p.y);
  }
};

}  // namespace voxloom::engine
