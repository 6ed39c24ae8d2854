// activate, exp, round: any shape.

#include "engine/elementwise.h"

#include "core/error.h"
#include "engine/choice.h"
#include "ops/dense_arguments.h"
#include "voxloom/dense.h"

namespace voxloom {
namespace {

template <typename E>
void require_known(E value, E last, std::string_view what) {
  require(value <= last, "activate", "unknown {} number {}", what, static_cast<int>(value));
}

Tensor mapped(std::string_view op, engine::ElementFunction function, const Tensor& x) {
  check_elements(op, x);
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  engine::run(engine::MapElements{.function = function, .x = &x, .y = &y});
  return y;
}

}  // namespace

Tensor activate(const Tensor& x, Activation kind, const ActivationOptions& options) {
  constexpr std::string_view kOp = "activate";
  check_elements(kOp, x);
  require_known(kind, Activation::softplus, "activation");
  require_known(options.approximate, GeluApprox::fast, "gelu approximation");
  require(kind != Activation::softplus || options.beta != 0.0F, kOp,
          "softplus divides by beta, which must not be 0");
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  engine::run(engine::Activate{.kind = kind, .options = options, .x = &x, .y = &y});
  return y;
}

Tensor exp(const Tensor& x) { return mapped("exp", engine::ElementFunction::exp, x); }

Tensor round(const Tensor& x) { return mapped("round", engine::ElementFunction::round, x); }

}  // namespace voxloom
