#include "ops/conv_run.h"

#include "coords/map_blocks.h"
#include "cpu/convolution.h"

namespace voxloom {
namespace {

Tensor run(const MapBlocks& blocks, const Tensor& x, const ConvWeight& weight, const Tensor& bias,
           DType out_dtype) {
  Tensor y = Tensor::empty({blocks.out_rows, weight.out_channels()}, out_dtype);
  cpu::convolve({.map = blocks,
                 .x = &x,
                 .weight = weight.view,
                 .bias = bias.defined() ? &bias : nullptr,
                 .y = &y});
  return y;
}

}  // namespace

Tensor run_on_map(const Tensor& x, const ConvWeight& weight, const Tensor& bias,
                  const KernelMap& map, DType out_dtype) {
  return run(map.blocks(), x, weight, bias, out_dtype);
}

Tensor run_pointwise(const Tensor& x, const ConvWeight& weight, const Tensor& bias) {
  const BlockedEntries entries = identity_entries(x.dim(0));
  MapBlocks blocks;
  blocks.entries = &entries;
  blocks.out_rows = x.dim(0);
  blocks.volume = 1;
  return run(blocks, x, weight, bias, x.dtype());
}

}  // namespace voxloom
