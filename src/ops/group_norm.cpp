#include "core/error.h"
#include "ops/dense_arguments.h"
#include "voxloom/dense.h"

namespace voxloom {
namespace {

// (N,C) as N*groups rows: what a group is normalized as.
Tensor normed_groups(const Tensor& x, std::int64_t groups, float eps) {
  const std::int64_t width = x.dim(1) / groups;
  const Tensor ones = Tensor::full({width}, DType::f32, 1.0F, x.device());
  const Tensor zeros = Tensor::zeros({width}, DType::f32, x.device());
  return layer_norm(x.reshape({x.dim(0) * groups, width}), ones, zeros, eps).reshape(x.shape());
}

// y = n * scale + bias: a batch norm with mean 0 and variance 1.
Tensor scaled(const Tensor& normed, const Tensor& scale, const Tensor& bias) {
  return batch_norm(normed,
                    {.scale = scale,
                     .bias = bias,
                     .mean = Tensor::zeros(scale.shape(), DType::f32, scale.device()),
                     .variance = Tensor::full(scale.shape(), DType::f32, 1.0F, scale.device())},
                    0.0F);
}

}  // namespace

Tensor group_norm(const Tensor& x, const Tensor& scale, const Tensor& bias, std::int64_t groups,
                  float eps) {
  constexpr std::string_view kOp = "group_norm";
  check_matrix(kOp, x);
  check_vector(kOp, x, scale, "scale");
  check_vector(kOp, x, bias, "bias");
  check_eps(kOp, eps);
  require(groups >= 1 && x.dim(1) % groups == 0, kOp, "{} channels do not split into {} groups",
          x.dim(1), groups);
  if (x.dtype() == DType::f32) return scaled(normed_groups(x, groups, eps), scale, bias);
  // Rounded once, at the end.
  const Tensor normed = normed_groups(x.to(DType::f32), groups, eps);
  return scaled(normed, scale.to(DType::f32), bias.to(DType::f32)).to(x.dtype());
}

SparseTensor group_norm(const SparseTensor& x, const Tensor& scale, const Tensor& bias,
                        std::int64_t groups, float eps) {
  return x.with_features(group_norm(x.features(), scale, bias, groups, eps));
}

}  // namespace voxloom
