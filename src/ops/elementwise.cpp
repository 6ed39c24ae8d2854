// activate, exp, round: any shape.

#include "cpu/elementwise.h"

#include "core/error.h"
#include "ops/dense_arguments.h"
#include "voxloom/dense.h"

namespace voxloom {
namespace {

template <typename E>
void require_known(E value, E last, std::string_view what) {
  require(value <= last, "activate", "unknown {} number {}", what, static_cast<int>(value));
}

}  // namespace

Tensor activate(const Tensor& x, Activation kind, const ActivationOptions& options) {
  constexpr std::string_view kOp = "activate";
  check_elements(kOp, x);
  require_known(kind, Activation::softplus, "activation");
  require_known(options.approximate, GeluApprox::fast, "gelu approximation");
  require(kind != Activation::softplus || options.beta != 0.0F, kOp,
          "softplus divides by beta, which must not be 0");
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  cpu::activate(x, kind, options, y);
  return y;
}

Tensor exp(const Tensor& x) {
  check_elements("exp", x);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  cpu::exp(x, y);
  return y;
}

Tensor round(const Tensor& x) {
  check_elements("round", x);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  cpu::round(x, y);
  return y;
}

}  // namespace voxloom
