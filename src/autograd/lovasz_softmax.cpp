#include "autograd/losses.h"
#include "autograd/tape.h"
#include "engine/choice.h"
#include "engine/losses.h"
#include "ops/arithmetic.h"

namespace voxloom::autograd {

Variable lovasz_softmax(const Variable& scores, const Tensor& labels, std::int32_t ignore) {
  check_labels("lovasz_softmax", scores.value(), labels, ignore);
  const Variable p = softmax(scores);
  Tensor loss = Tensor::empty({1}, DType::f32, p.value().device());
  Tensor slopes = float_like(p.value());
  double present = 1;
  engine::run(engine::LovaszSoftmax{.probabilities = &p.value(),
                                    .labels = &labels,
                                    .ignore = ignore,
                                    .loss = &loss,
                                    .slopes = &slopes,
                                    .present = &present});
  const auto gradient = [slopes, present](const Tensor& dy, GradientSink& to) {
    to.add(0, multiplied_by_element(slopes, dy, present));
  };
  return record(Operation::lovasz_softmax, Variable(std::move(loss)), {&p}, {slopes}, gradient);
}

}  // namespace voxloom::autograd
