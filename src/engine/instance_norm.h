// Instance norm over (N, C) float32 rows that belong to batches, m and v the mean and variance (divided by the number of
// rows) of a channel over the rows of one batch:
//
//   n = (x - m) r,  y = n scale + bias,  r = 1 / sqrt(v + eps)
//   dbias = sum dy;  dscale = sum dy n                                         over all rows
//   dx = scale r (dy - mean dy - n mean(dy n))                                 means over the batch's rows
//
// Sums over rows are float32 within 256 rows, binary64 across them.
#pragma once

#include <string_view>

#include "coords/segments.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

struct InstanceNorm {
  static constexpr std::string_view kName = "instance_norm";
  static constexpr bool kIsForTraining = true;

  const Segments* batches = nullptr;
  const Tensor* x = nullptr;      // (N, C)
  const Tensor* scale = nullptr;  // (C)
  const Tensor* bias = nullptr;   // (C), or none
  float eps = 0;
  Tensor* mean = nullptr;    // (batches, C); 0 for a batch without rows, like the next
  Tensor* factor = nullptr;  // (batches, C): r
  Tensor* y = nullptr;       // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.scale);
    visit.reads(p.bias);
    visit.writes(p.mean);
    visit.writes(p.factor);
    visit.writes(p.y);
  }
};

struct InstanceNormGradient {
  static constexpr std::string_view kName = "instance_norm_gradient";
  static constexpr bool kIsForTraining = true;

  const Segments* batches = nullptr;
  const Tensor* x = nullptr;
  const Tensor* scale = nullptr;
  const Tensor* mean = nullptr;
  const Tensor* factor = nullptr;
  const Tensor* dy = nullptr;
  Tensor* dx = nullptr;      // (N, C), or not wanted
  Tensor* dscale = nullptr;  // (C), or not wanted
  Tensor* dbias = nullptr;   // (C), or not wanted

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.scale);
    visit.reads(p.mean);
    visit.reads(p.factor);
    visit.reads(p.dy);
    visit.writes(p.dx);
    visit.writes(p.dscale);
    visit.writes(p.dbias);
  }
};

}  // namespace voxloom::engine
