// Batch norm in training, over the rows of (N, C) float32 features:
//
//   n = (x - mean) r,  y = relu(n scale + bias + residual),  r = 1 / sqrt(variance + eps)
//   g = dy where y > 0, else 0;   dresidual = g;   dbias = sum g;   dscale = sum g n
//   dx = scale r (g - dbias/N - n dscale/N)         without the last two for given statistics
//
// Sums over rows are float32 within 256 rows, binary64 across them.
#pragma once

#include "engine/in_place.h"

namespace voxloom::engine {

// Mean and variance (divided by N) of each column; 0 without rows.
struct ColumnStatistics {
  static constexpr std::string_view kName = "column_statistics";
  static constexpr bool kIsForTraining = true;

  const Tensor* x = nullptr;   // (N, C)
  Tensor* mean = nullptr;      // (C)
  Tensor* variance = nullptr;  // (C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.mean);
    visit.writes(p.variance);
  }
};

struct BatchNormOfBatch {
  static constexpr std::string_view kName = "batch_norm_of_batch";
  static constexpr bool kIsForTraining = true;

  const Tensor* x = nullptr;      // (N, C)
  const Tensor* scale = nullptr;  // (C), like the next three
  const Tensor* bias = nullptr;   // or none
  const Tensor* mean = nullptr;
  const Tensor* variance = nullptr;
  float eps = 0;
  const Tensor* residual = nullptr;  // (N, C), or none
  bool relu = false;                 // a NaN stays
  Tensor* y = nullptr;               // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.scale);
    visit.reads(p.bias);
    visit.reads(p.mean);
    visit.reads(p.variance);
    visit.reads(p.residual);
    visit.writes(p.y);
  }
};

struct BatchNormGradient {
  static constexpr std::string_view kName = "batch_norm_gradient";
  static constexpr bool kIsForTraining = true;

  const Tensor* x = nullptr;  // (N, C)
  const Tensor* y = nullptr;  // (N, C), or none: there was no rectifier
  const Tensor* scale = nullptr;
  const Tensor* mean = nullptr;
  const Tensor* variance = nullptr;
  float eps = 0;
  bool is_own = true;        // the statistics are x's own
  Tensor* dy = nullptr;      // (N, C); becomes g where there was a rectifier
  Tensor* dscale = nullptr;  // (C), or not wanted
  Tensor* dbias = nullptr;   // (C), or not wanted
  Tensor* dx = nullptr;      // (N, C), or not wanted; may lie where dy lies

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.y);
    visit.reads(p.scale);
    visit.reads(p.mean);
    visit.reads(p.variance);
    visit.updates(p.dy);
    visit.writes(p.dscale);
    visit.writes(p.dbias);
    visit_result(visit, p.dx, p.dy);
  }
};

}  // namespace voxloom::engine
