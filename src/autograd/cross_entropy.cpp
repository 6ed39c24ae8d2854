#include <cmath>

#include "autograd/losses.h"
#include "autograd/tape.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/losses.h"
#include "ops/arithmetic.h"
#include "ops/dense_arguments.h"

namespace voxloom::autograd {
namespace {

constexpr std::string_view kCrossEntropyOp = "cross_entropy";

std::vector<float> weights_of(const CrossEntropyOptions& options, std::int64_t classes) {
  if (!options.class_weights.defined()) {
    return std::vector<float>(static_cast<std::size_t>(classes), 1.0F);
  }
  const Tensor weights = options.class_weights.to(Device{});  // given by the user, read here
  require(weights.rank() == 1 && weights.dim(0) == classes && weights.dtype() == DType::f32,
          kCrossEntropyOp, "expected class weights of shape ({}) and type float32, got {}", classes,
          weights);
  std::vector<float> result(weights.span<float>().begin(), weights.span<float>().end());
  for (const float w : result) {
    require(std::isfinite(w) && w >= 0.0F, kCrossEntropyOp, "a class weight is {}", w);
  }
  return result;
}

}  // namespace

void check_labels(std::string_view op, const Tensor& scores, const Tensor& labels,
                  std::int32_t ignore) {
  check_matrix(op, scores);
  require(scores.dtype() == DType::f32 && scores.dim(1) >= 1, op,
          "expected float32 scores of at least one class, got {}", scores);
  require(labels.defined() && labels.rank() == 1 && labels.dim(0) == scores.dim(0) &&
              labels.dtype() == DType::i32,
          op, "expected labels of shape ({}) and type int32, got {}", scores.dim(0), labels);
  std::int64_t row = -1;
  std::int32_t label = 0;
  engine::run(engine::FindWrongLabel{
      .labels = &labels, .classes = scores.dim(1), .ignore = ignore, .row = &row, .label = &label});
  require(row < 0, op, "row {} has label {}, there are {} classes", row, label, scores.dim(1));
}

Variable cross_entropy(const Variable& scores, const Tensor& labels,
                       const CrossEntropyOptions& options) {
  const Tensor& z = scores.value();
  check_labels(kCrossEntropyOp, z, labels, options.ignore);
  require(options.label_smoothing >= 0.0F && options.label_smoothing <= 1.0F, kCrossEntropyOp,
          "label smoothing should lie in [0, 1], got {}", options.label_smoothing);
  require(std::isfinite(options.focus) && options.focus >= 0.0F, kCrossEntropyOp,
          "the focus should not be below 0, got {}", options.focus);
  require(options.focus == 0.0F || options.label_smoothing == 0.0F, kCrossEntropyOp,
          "a focus of {} and label smoothing of {} do not go together", options.focus,
          options.label_smoothing);
  const std::vector<float> weights = weights_of(options, z.dim(1));
  Tensor loss = Tensor::empty({1}, DType::f32, z.device());
  Tensor dz = float_like(z);
  engine::run(engine::CrossEntropy{.scores = &z,
                                   .labels = &labels,
                                   .class_weights = weights,
                                   .ignore = options.ignore,
                                   .smoothing = options.label_smoothing,
                                   .focus = options.focus,
                                   .loss = &loss,
                                   .dscores = &dz});
  const auto gradient = [dz](const Tensor& dy, GradientSink& to) {
    to.add(0, multiplied_by_element(dz, dy));
  };
  return record(Operation::cross_entropy, Variable(std::move(loss)), {&scores}, {dz}, gradient);
}

}  // namespace voxloom::autograd
