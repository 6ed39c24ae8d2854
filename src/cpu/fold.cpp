#include "engine/fold.h"

#include <cmath>

#include "cpu/backend.h"

namespace voxloom::cpu {
namespace {

void fold_batch_norm(const engine::FoldBatchNorm& p) {
  const float* scale = p.scale->data<float>();
  const float* bias = p.bias->data<float>();
  const float* mean = p.mean->data<float>();
  const float* variance = p.variance->data<float>();
  float* factors = p.factor->mutable_data<float>();
  float* shifts = p.shift->mutable_data<float>();
  for (std::int64_t c = 0; c < p.factor->size(); ++c) {
    const double factor = double{scale[c]} / std::sqrt(double{variance[c]} + double{p.eps});
    factors[c] = static_cast<float>(factor);
    shifts[c] = static_cast<float>(double{bias[c]} - double{mean[c]} * factor);
  }
}

void scale_outputs(const engine::ScaleOutputs& p) {
  const float* from = p.weight->data<float>();
  const float* factor = p.factor->data<float>();
  float* to = p.y->mutable_data<float>();
  const std::int64_t matrices = p.weight->size() / std::max<std::int64_t>(1, p.in * p.out);
  for (std::int64_t matrix = 0; matrix < matrices; ++matrix) {
    const float* of_group = factor + matrix % p.groups * p.out;
    for (std::int64_t i = 0; i < p.in; ++i) {
      for (std::int64_t o = 0; o < p.out; ++o) *to++ = *from++ * of_group[o];
    }
  }
}

}  // namespace

void CpuBackend::offer_folds() {
  offer_only<fold_batch_norm>();
  offer_only<scale_outputs>();
}

}  // namespace voxloom::cpu
