// linear: y = x W^T + bias, a convolution of kernel volume 1 in which each row meets itself.

#include "core/error.h"
#include "ops/conv_run.h"
#include "ops/conv_weight.h"
#include "ops/dense_arguments.h"
#include "voxloom/dense.h"

namespace voxloom {

Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) {
  constexpr std::string_view kOp = "linear";
  check_matrix(kOp, x);
  if (const auto* dense = std::get_if<Tensor>(&weight)) {
    require(dense->defined() && dense->rank() == 2 && dense->dim(1) == x.dim(1), kOp,
            "expected a weight of shape (C_out,{}), got {}", x.dim(1), *dense);
  }
  const WeightContext context{
      .op = kOp, .kernel_size = 1, .volume = 1, .in_channels = x.dim(1), .dtype = x.dtype()};
  const ConvWeight checked = check_weight(context, weight);
  check_bias(context, bias, checked.out_channels());
  return run_pointwise(x, checked, bias);
}

}  // namespace voxloom
