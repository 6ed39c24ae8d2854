// Modules that act on each row alone, and those that only forward their options.

#include "voxloom/nn.h"

namespace voxloom::nn {
namespace {

Tensor constant(std::int64_t channels, float value) {
  return Tensor::full({channels}, DType::f32, value);
}

}  // namespace

BatchNorm::BatchNorm(std::int64_t channels, float eps_)
    : parameters{constant(channels, 1), constant(channels, 0), constant(channels, 0),
                 constant(channels, 1)},
      eps(eps_) {}

SparseTensor BatchNorm::forward(const SparseTensor& x) const {
  return x.with_features(batch_norm(x.features(), parameters, eps));
}

void BatchNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  to.push_back({prefix + "weight", &parameters.scale});
  to.push_back({prefix + "bias", &parameters.bias});
  to.push_back({prefix + "running_mean", &parameters.mean});
  to.push_back({prefix + "running_var", &parameters.variance});
}

LayerNorm::LayerNorm(std::int64_t channels, float eps_)
    : scale(constant(channels, 1)), bias(constant(channels, 0)), eps(eps_) {}

SparseTensor LayerNorm::forward(const SparseTensor& x) const {
  return x.with_features(layer_norm(x.features(), scale, bias, eps));
}

void LayerNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  to.push_back({prefix + "weight", &scale});
  to.push_back({prefix + "bias", &bias});
}

RmsNorm::RmsNorm(std::int64_t channels, float eps_) : scale(constant(channels, 1)), eps(eps_) {}

SparseTensor RmsNorm::forward(const SparseTensor& x) const {
  return x.with_features(rms_norm(x.features(), scale, eps));
}

void RmsNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  to.push_back({prefix + "weight", &scale});
}

SparseTensor Activate::forward(const SparseTensor& x) const {
  return x.with_features(activate(x.features(), kind, options));
}

SparseTensor Pool3d::forward(const SparseTensor& x) const { return pool3d(x, options); }

SparseTensor PoolTranspose3d::forward(const SparseTensor& x) const {
  return pool_transpose3d(x, options);
}

SparseTensor TrilinearUpsample3d::forward(const SparseTensor& x) const {
  return trilinear_upsample3d(x, options);
}

}  // namespace voxloom::nn
