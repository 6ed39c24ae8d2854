#include "cpu/elementwise.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/activation.h"
#include "cpu/backend.h"

namespace voxloom::cpu {
namespace {

// y[i] = f(x[i]). A lambda, not a function's address, so that f is inlined.
template <typename F>
void map(const Tensor& x, Tensor& y, const F& f) {
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
    case GeluApprox::tanh: return map(x, y, [](float v) { return gelu_tanh(v); });
    case GeluApprox::fast: return map(x, y, [](float v) { return gelu_fast(v); });
    case GeluApprox::none:
    case GeluApprox::precise: return map(x, y, [](float v) { return gelu(v); });
  }
}

}  // namespace

void activate(const engine::Activate& problem) {
  const Tensor& x = *problem.x;
  Tensor& y = *problem.y;
  const ActivationOptions& options = problem.options;
  switch (problem.kind) {
    case Activation::relu: return map(x, y, [](float v) { return relu(v); });
    case Activation::sigmoid: return map(x, y, [](float v) { return sigmoid(v); });
    case Activation::gelu: return gelu_of(x, options.approximate, y);
    case Activation::silu: return map(x, y, [](float v) { return silu(v); });
    case Activation::leaky_relu:
      return map(x, y, [&](float v) { return leaky_relu(v, options.alpha); });
    case Activation::tanh: return map(x, y, [](float v) { return std::tanh(v); });
    case Activation::softplus:
      return map(x, y, [&](float v) { return softplus(v, options.beta, options.threshold); });
  }
}

void map_elements(const engine::MapElements& problem) {
  switch (problem.function) {
    case engine::ElementFunction::exp:
      return map(*problem.x, *problem.y, [](float v) { return std::exp(v); });
    case engine::ElementFunction::round:
      return map(*problem.x, *problem.y, [](float v) { return std::nearbyint(v); });
  }
}

void first_not_finite(const engine::FirstNotFinite& problem) {
  visit_feature_dtype("finite", problem.x->dtype(), [&]<typename T>() {
    const std::span<const T> values = problem.x->span<T>();
    const auto bad = std::ranges::find_if(
        values, [](T value) { return !std::isfinite(static_cast<float>(value)); });
    *problem.element = bad == values.end() ? -1 : bad - values.begin();
  });
}

void CpuBackend::offer_elementwise() {
  offer_only<activate>();
  offer_only<map_elements>();
  offer_only<first_not_finite>();
}

}  // namespace voxloom::cpu
