#include "nn/fold.h"

#include "core/error.h"
#include "ops/dense_arguments.h"

namespace voxloom::nn {
namespace {

void check_parameter(std::string_view op, const Tensor& values, std::string_view name,
                     std::int64_t channels) {
  require(values.defined() && values.rank() == 1 && values.dim(0) == channels &&
              values.dtype() == DType::f32,
          op, "expected the norm's {} of shape ({}) and type float32, got {}", name, channels,
          values);
}

}  // namespace

FoldedNorm fold(std::string_view op, const BatchNorm& norm, std::int64_t channels) {
  const BatchNormParameters p = norm.parameters();
  check_parameter(op, p.scale, "scale", channels);
  check_parameter(op, p.bias, "bias", channels);
  check_parameter(op, p.mean, "mean", channels);
  check_parameter(op, p.variance, "variance", channels);
  check_eps(op, norm.eps);
  return voxloom::fold(p, norm.eps);
}

}  // namespace voxloom::nn
