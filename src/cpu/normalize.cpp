#include "cpu/normalize.h"

#include <cmath>

#include "core/dispatch.h"
#include "core/parallel.h"

namespace voxloom::cpu {

void normalize(const Tensor& numerator, const Tensor& denominator, const Tensor* bias, float eps,
               Tensor& y) {
  const std::int64_t channels = y.dim(1);
  const float* a = numerator.data<float>();
  const float* b = denominator.data<float>();
  visit_feature_dtype("normalized convolution", y.dtype(), [&]<typename T>() {
    T* out = y.mutable_data<T>();
    const T* offset = bias == nullptr ? nullptr : bias->data<T>();
    constexpr std::int64_t kGrainRows = 1024;
    parallel_for(y.dim(0), kGrainRows, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        for (std::int64_t c = 0; c < channels; ++c) {
          const std::int64_t i = row * channels + c;
          const float value = a[i] / std::sqrt(b[i] + eps);
          out[i] = T(offset == nullptr ? value : value + static_cast<float>(offset[c]));
        }
      }
    });
  });
}

}  // namespace voxloom::cpu
