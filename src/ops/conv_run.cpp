#include "ops/conv_run.h"

#include "engine/choice.h"
#include "engine/convolution.h"

namespace voxloom {

Tensor run_on_map(const Tensor& x, const ConvWeight& weight, const Tensor& bias,
                  const KernelMap& map, DType out_dtype) {
  Tensor y = Tensor::empty({map.target().size(), weight.out_channels()}, out_dtype, x.device());
  engine::run(engine::ConvForward{.map = map,
                                  .x = &x,
                                  .weight = weight.view,
                                  .bias = bias.defined() ? &bias : nullptr,
                                  .y = &y});
  return y;
}

Tensor run_pointwise(const Tensor& x, const ConvWeight& weight, const Tensor& bias) {
  Tensor y = Tensor::empty({x.dim(0), weight.out_channels()}, x.dtype(), x.device());
  engine::run(engine::ConvPointwise{
      .x = &x, .weight = weight.view, .bias = bias.defined() ? &bias : nullptr, .y = &y});
  return y;
}

}  // namespace voxloom
