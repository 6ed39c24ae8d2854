// Reductions over kernel maps, as problems: pools, the way back from a maximum, and the denominator of
// normalized convolutions. Features are float32, float16 or bfloat16, y has x's dtype, and every element
// of y is written.
#pragma once

#include <span>
#include <string_view>

#include "engine/map_ref.h"
#include "engine/weight_view.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

// y[u] = sum w_k x[v] over the entries (v, u, k), divided by the sum of the w_k when `mean`.
// An output row without entries is 0. Sums are float32, in offset order.
struct PoolSum {
  static constexpr std::string_view kName = "pool_sum";

  MapRef map;
  const Tensor* x = nullptr;                   // (N_in, C)
  std::span<const float> offset_weights = {};  // one per kernel offset; empty: all 1
  bool mean = false;
  Tensor* y = nullptr;  // (N_out, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.y);
  }
};

// y[u] = the largest x[v]; a NaN beats every number, ties go to the lowest input row. An output row
// without entries is 0.
struct PoolMax {
  static constexpr std::string_view kName = "pool_max";

  MapRef map;
  const Tensor* x = nullptr;  // (N_in, C)
  Tensor* y = nullptr;        // (N_out, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.y);
  }
};

// The input row that wins each output element by PoolMax's rule; -1 without entries.
struct PoolMaxWinners {
  static constexpr std::string_view kName = "pool_max_winners";

  MapRef map;
  const Tensor* x = nullptr;  // (N_in, C)
  Tensor* winners = nullptr;  // (N_out, C) int32

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.winners);
  }
};

// y[v] = sum of dy[u] over the entries (u, v, k) of the swapped map where row v won row u. This is
// unpooling and the gradient of PoolMax.
struct PoolMaxScatter {
  static constexpr std::string_view kName = "pool_max_scatter";

  MapRef swapped_map;
  const Tensor* winners = nullptr;  // (N_out, C) int32
  const Tensor* dy = nullptr;       // (N_out, C)
  Tensor* y = nullptr;              // (N_in, C), dy's dtype

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.winners);
    visit.reads(p.dy);
    visit.writes(p.y);
  }
};

// The last step of normalized convolutions:
//   y[u] = numerator[u] / sqrt(sum over the entries (v, u, k) and channels i of W[k][i]^2 + eps) + bias
// The sum is binary64: squares of float32 weights from 1e-38 to 1e38 neither overflow nor vanish in it,
// whatever their mixture.
struct NormalizeByWeights {
  static constexpr std::string_view kName = "normalize_by_weights";

  MapRef map;
  const Tensor* numerator = nullptr;  // (N_out, G * out) float32
  WeightView weight;
  const Tensor* bias = nullptr;  // (G * out) of y's dtype, or nullptr
  float eps = 0;
  Tensor* y = nullptr;  // (N_out, G * out)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.numerator);
    WeightView::each_tensor(p.weight, visit);
    visit.reads(p.bias);
    visit.writes(p.y);
  }
};

}  // namespace voxloom::engine
