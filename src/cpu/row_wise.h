// Operations on rows of channels: softmax and the norms. x and y are (N,C) of one dtype, vectors
// (C) of the same. Sums over a row are binary64.
#pragma once

#include "voxloom/options.h"

namespace voxloom::cpu {

void softmax(const Tensor& x, Tensor& y);
void batch_norm(const Tensor& x, const BatchNormParameters& parameters, float eps, Tensor& y);

struct NormParameters {
  const Tensor* scale = nullptr;
  const Tensor* bias = nullptr;  // nullptr: none
  float eps = 0;
};
void layer_norm(const Tensor& x, const NormParameters& parameters, Tensor& y);
void rms_norm(const Tensor& x, const NormParameters& parameters, Tensor& y);

}  // namespace voxloom::cpu
