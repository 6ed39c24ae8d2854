#include "cpu/elementwise.h"

#include <cmath>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/activation.h"

namespace voxloom::cpu {
namespace {

// y[i] = f(x[i]). A lambda, not a function's address, so that f is inlined.
template <typename F>
void map_elements(const Tensor& x, Tensor& y, const F& f) {
  constexpr std::int64_t kGrain = std::int64_t{1} << 14;
  visit_feature_dtype("elementwise", x.dtype(), [&]<typename T>() {
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(x.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = T(f(static_cast<float>(from[i])));
    });
  });
}

void gelu_of(const Tensor& x, GeluApprox approximate, Tensor& y) {
  switch (approximate) {
    case GeluApprox::tanh: return map_elements(x, y, [](float v) { return gelu_tanh(v); });
    case GeluApprox::fast: return map_elements(x, y, [](float v) { return gelu_fast(v); });
    case GeluApprox::none:
    case GeluApprox::precise: return map_elements(x, y, [](float v) { return gelu(v); });
  }
}

}  // namespace

void activate(const Tensor& x, Activation kind, const ActivationOptions& options, Tensor& y) {
  switch (kind) {
    case Activation::relu: return map_elements(x, y, [](float v) { return relu(v); });
    case Activation::sigmoid: return map_elements(x, y, [](float v) { return sigmoid(v); });
    case Activation::gelu: return gelu_of(x, options.approximate, y);
    case Activation::silu: return map_elements(x, y, [](float v) { return silu(v); });
    case Activation::leaky_relu:
      return map_elements(x, y, [&](float v) { return leaky_relu(v, options.alpha); });
    case Activation::tanh: return map_elements(x, y, [](float v) { return std::tanh(v); });
    case Activation::softplus:
      return map_elements(x, y,
                          [&](float v) { return softplus(v, options.beta, options.threshold); });
  }
}

void exp(const Tensor& x, Tensor& y) {
  map_elements(x, y, [](float v) { return std::exp(v); });
}

void round(const Tensor& x, Tensor& y) {
  map_elements(x, y, [](float v) { return std::nearbyint(v); });
}

}  // namespace voxloom::cpu
