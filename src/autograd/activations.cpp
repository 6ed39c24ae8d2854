// Functions of one element. Where the result tells the slope it is kept instead of the argument: the
// next product keeps it anyway.

#include "autograd/tape.h"
#include "autograd/trace.h"
#include "engine/choice.h"
#include "engine/gradients.h"
#include "ops/arithmetic.h"
#include "schema/describe.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {

Variable activate(const Variable& x, Activation kind, const ActivationOptions& options) {
  if (x.is_symbolic()) {
    return trace({"activation", {{"input", x}}, schema::describe(kind, options)});
  }
  const Tensor y = voxloom::activate(x.value(), kind, options);
  const Tensor& at = engine::reads_result(kind) ? y : x.value();
  const auto gradient = [at, kind, options](const Tensor& dy, GradientSink& to) {
    Tensor dx = place_over(dy);
    engine::run(engine::ActivationGradient{
        .kind = kind, .options = options, .dy = &dy, .at = &at, .dx = &dx});
    to.add(0, std::move(dx));
  };
  return record(Operation::activate, like(x, y), {&x}, {at}, gradient);
}

Variable exp(const Variable& x) {
  if (x.is_symbolic()) return trace({"elementwise", {{"input", x}}, {{"kind", "exp"}}});
  const Tensor y = voxloom::exp(x.value());
  const auto gradient = [y](Tensor dy, GradientSink& to) {
    to.add(0, multiplied(std::move(dy), y));
  };
  return record(Operation::exp, like(x, y), {&x}, {y}, gradient);
}

}  // namespace voxloom::autograd
