#include "ops/conv_run.h"

#include "coords/map_blocks.h"
#include "cpu/convolution.h"

namespace voxloom {

Tensor run_on_map(const Tensor& x, const ConvWeight& weight, const Tensor& bias,
                  const KernelMap& map, DType out_dtype) {
  const MapBlocks blocks = blocks_of(map);
  Tensor y = Tensor::empty({blocks.out_rows, weight.out_channels()}, out_dtype);
  cpu::convolve({.map = blocks,
                 .x = &x,
                 .weight = weight.view,
                 .bias = bias.defined() ? &bias : nullptr,
                 .y = &y});
  return y;
}

Tensor run_pointwise(const Tensor& x, const ConvWeight& weight, const Tensor& bias) {
  Tensor y = Tensor::empty({x.dim(0), weight.out_channels()}, x.dtype());
  cpu::convolve_pointwise(
      {.x = &x, .weight = weight.view, .bias = bias.defined() ? &bias : nullptr, .y = &y});
  return y;
}

}  // namespace voxloom
