// Pooling over kernel maps: sums, means and maxima of the input rows that meet an output row.
// Everything was checked by the op: algorithms trust their problem.
#pragma once

#include <cstdint>
#include <span>

#include "coords/map_blocks.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

// y[u] = sum w_k x[v] over the entries (v, u, k), divided by the sum of the w_k when `mean`.
// An output row without entries is 0. Sums are float32, in offset order.
struct PoolSum {
  MapBlocks map;
  const Tensor* x = nullptr;              // (N_in, C), float32 / float16 / bfloat16
  std::span<const float> offset_weights;  // one per kernel offset; empty: all 1
  bool mean = false;
  Tensor* y = nullptr;  // (N_out, C), x's dtype; every element is written
};
void pool_sum(const PoolSum& problem);

// y[u] = the largest x[v]; a NaN beats every number, ties go to the lowest input row. An output row
// without entries is 0.
struct PoolMax {
  MapBlocks map;
  const Tensor* x = nullptr;
  Tensor* y = nullptr;
};
void pool_max(const PoolMax& problem);

// The input row that wins each output element, (N_out, C) int32; -1 without entries.
[[nodiscard]] Tensor pool_max_winners(const MapBlocks& map, const Tensor& x);

// y[v] = sum of dy[u] over the entries (u, v, k) of the swapped map where row v won row u. This is
// unpooling and the gradient of pool_max.
struct PoolMaxScatter {
  MapBlocks swapped_map;
  const Tensor* winners = nullptr;  // (N_out, C) int32
  const Tensor* dy = nullptr;       // (N_out, C)
  Tensor* y = nullptr;              // (N_in, C), dy's dtype; every element is written
};
void pool_max_scatter(const PoolMaxScatter& problem);

}  // namespace voxloom::cpu
