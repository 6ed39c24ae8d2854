// The CPU's algorithms for the products of engine/convolution.h, and the problems as they read them:
// with the map in blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "coords/map_blocks.h"
#include "cpu/epilogue.h"
#include "cpu/pointwise.h"
#include "engine/convolution.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

using engine::Cut;
using engine::WeightView;

// The blocks of a problem's map; those of an identity are made once.
[[nodiscard]] MapBlocks blocks_of(const engine::MapRef& map);

struct ConvForward {
  MapBlocks map;
  const Tensor* x = nullptr;
  WeightView weight;
  const Tensor* bias = nullptr;
  Tensor* y = nullptr;
  Epilogue epilogue = {};
  Cut cut = {};

  ConvForward() = default;
  explicit ConvForward(const engine::ConvForward& p)
      : map(blocks_of(p.map)),
        x(p.x),
        weight(p.weight),
        bias(p.bias),
        y(p.y),
        epilogue(p.epilogue),
        cut(p.cut) {}
};

struct ConvWeightGradient {
  MapBlocks map;
  const Tensor* x = nullptr;
  const Tensor* dy = nullptr;
  std::int64_t groups = 1;
  Tensor* dw = nullptr;
  Cut cut = {};

  explicit ConvWeightGradient(const engine::ConvWeightGradient& p)
      : map(blocks_of(p.map)), x(p.x), dy(p.dy), groups(p.groups), dw(p.dw), cut(p.cut) {}
};

// Maps whose output rows have at most one entry each (transposed 2x2x2 with stride 2): products go
// through the epilogue straight into y. Dense weights.
bool has_single_partners(const ConvForward& problem);
void direct_store_forward(const ConvForward& problem);
std::vector<Cut> direct_store_cuts(const ConvForward& problem);

// Matrix tiles, on processors that have them: bfloat16 features and dense bfloat16 weights.
bool has_matrix_tiles(const ConvForward& problem);
void matrix_tiles_forward(const ConvForward& problem);
std::vector<Cut> matrix_tiles_cuts(const ConvForward& problem);

// Output blocks by kernel offset, gathered register tiles: every type and channel count.
void offset_major_forward(const ConvForward& problem);
std::vector<Cut> offset_major_cuts(const ConvForward& problem);
void offset_major_weight_gradient(const ConvWeightGradient& problem);
std::vector<Cut> offset_major_cuts(const ConvWeightGradient& problem);

// One channel per group.
bool is_depthwise(const ConvForward& problem);
void depthwise_forward(const ConvForward& problem);
bool is_depthwise_gradient(const ConvWeightGradient& problem);
void depthwise_weight_gradient(const ConvWeightGradient& problem);

// The plain references: float32 sums in (k, channel) order, one output row at a time.
void reference_forward(const ConvForward& problem);
void reference_weight_gradient(const ConvWeightGradient& problem);

}  // namespace voxloom::cpu
