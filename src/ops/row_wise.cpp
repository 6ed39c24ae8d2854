// softmax, batch_norm, layer_norm, rms_norm.

#include "engine/row_wise.h"

#include "core/error.h"
#include "engine/choice.h"
#include "ops/dense_arguments.h"
#include "voxloom/dense.h"

namespace voxloom {

Tensor softmax(const Tensor& x) {
  constexpr std::string_view kOp = "softmax";
  check_elements(kOp, x);
  require(x.rank() >= 1, kOp, "expected a last axis, got shape {}", x.shape());
  const std::int64_t channels = x.shape().back();
  const std::int64_t rows = channels == 0 ? 0 : x.size() / channels;
  const Tensor matrix = x.reshape({rows, channels});
  Tensor y = Tensor::empty({rows, channels}, x.dtype(), x.device());
  engine::run(engine::Softmax{.x = &matrix, .y = &y});
  return y.reshape(x.shape());
}

Tensor batch_norm(const Tensor& x, const BatchNormParameters& parameters, float eps) {
  constexpr std::string_view kOp = "batch_norm";
  check_matrix(kOp, x);
  check_vector(kOp, x, parameters.scale, "scale");
  check_vector(kOp, x, parameters.bias, "bias");
  check_vector(kOp, x, parameters.mean, "mean");
  check_vector(kOp, x, parameters.variance, "variance");
  check_eps(kOp, eps);
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  engine::run(engine::BatchNorm{.x = &x,
                                .scale = &parameters.scale,
                                .bias = &parameters.bias,
                                .mean = &parameters.mean,
                                .variance = &parameters.variance,
                                .eps = eps,
                                .y = &y});
  return y;
}

Tensor layer_norm(const Tensor& x, const Tensor& scale, const Tensor& bias, float eps) {
  constexpr std::string_view kOp = "layer_norm";
  check_matrix(kOp, x);
  check_vector(kOp, x, scale, "scale");
  check_vector(kOp, x, bias, "bias");
  check_eps(kOp, eps);
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  engine::run(engine::RowNorm{.kind = engine::RowNormKind::layer,
                              .x = &x,
                              .scale = &scale,
                              .bias = &bias,
                              .eps = eps,
                              .y = &y});
  return y;
}

Tensor rms_norm(const Tensor& x, const Tensor& scale, float eps) {
  constexpr std::string_view kOp = "rms_norm";
  check_matrix(kOp, x);
  check_vector(kOp, x, scale, "scale");
  check_eps(kOp, eps);
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  engine::run(engine::RowNorm{
      .kind = engine::RowNormKind::rms, .x = &x, .scale = &scale, .eps = eps, .y = &y});
  return y;
}

}  // namespace voxloom
