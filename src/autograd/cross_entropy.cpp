#include <cmath>

#include "autograd/loops.h"
#include "autograd/losses.h"
#include "autograd/tape.h"
#include "core/error.h"
#include "ops/dense_arguments.h"

namespace voxloom::autograd {
namespace {

constexpr std::string_view kOp = "cross_entropy";

// The loss of rows and their gradients, all still to be divided by the sum of the labels' weights.
struct RowLoss {
  const float* scores;
  std::int64_t classes;
  std::vector<float> weights;
  float all_weights;  // their sum
  float smoothing;
  float divisor;

  // Adds the row's gradient; gives its loss.
  float operator()(std::int64_t row, std::int32_t label, float* gradient) const {
    const float* z = scores + row * classes;
    float* to = gradient + row * classes;
    float largest = z[0];
    for (std::int64_t c = 1; c < classes; ++c) largest = z[c] > largest ? z[c] : largest;
    float total = 0;
    for (std::int64_t c = 0; c < classes; ++c) total += to[c] = std::exp(z[c] - largest);
    const float log_total = std::log(total) + largest;
    const float own = (1.0F - smoothing) * weight(label);
    const float spread = smoothing / static_cast<float>(classes);
    float loss = own * (log_total - z[label]);
    const float flow = own + spread * all_weights;
    for (std::int64_t c = 0; c < classes; ++c) {
      loss += spread * weight(c) * (log_total - z[c]);
      to[c] = (flow * (to[c] / total) - spread * weight(c)) / divisor;
    }
    to[label] -= own / divisor;
    return loss / divisor;
  }
  [[nodiscard]] float weight(std::int64_t c) const { return weights[static_cast<std::size_t>(c)]; }
};

std::vector<float> weights_of(const CrossEntropyOptions& options, std::int64_t classes) {
  if (!options.class_weights.defined()) {
    return std::vector<float>(static_cast<std::size_t>(classes), 1.0F);
  }
  const Tensor& weights = options.class_weights;
  require(weights.rank() == 1 && weights.dim(0) == classes && weights.dtype() == DType::f32, kOp,
          "expected class weights of shape ({}) and type float32, got {}", classes, weights);
  std::vector<float> result(weights.span<float>().begin(), weights.span<float>().end());
  for (const float w : result) {
    require(std::isfinite(w) && w >= 0.0F, kOp, "a class weight is {}", w);
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
  for (std::int64_t row = 0; row < labels.size(); ++row) {
    const std::int32_t label = labels.data<std::int32_t>()[row];
    require(label == ignore || (label >= 0 && label < scores.dim(1)), op,
            "row {} has label {}, there are {} classes", row, label, scores.dim(1));
  }
}

Variable cross_entropy(const Variable& scores, const Tensor& labels,
                       const CrossEntropyOptions& options) {
  const Tensor& z = scores.value();
  check_labels(kOp, z, labels, options.ignore);
  require(options.label_smoothing >= 0.0F && options.label_smoothing <= 1.0F, kOp,
          "label smoothing should lie in [0, 1], got {}", options.label_smoothing);
  RowLoss loss{z.data<float>(),         z.dim(1), weights_of(options, z.dim(1)), 0,
               options.label_smoothing, 0};
  for (const float w : loss.weights) loss.all_weights += w;
  double divisor = 0;
  for (const std::int32_t label : labels.span<std::int32_t>()) {
    if (label != options.ignore) divisor += static_cast<double>(loss.weight(label));
  }
  Tensor dz = Tensor::zeros(z.shape(), DType::f32);
  std::vector<double> total = {0.0};
  loss.divisor = static_cast<float>(divisor);
  if (divisor > 0) {
    total = sum_rows(z.dim(0), 1, [&](std::int64_t begin, std::int64_t end, float* sum) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int32_t label = labels.data<std::int32_t>()[row];
        if (label != options.ignore) *sum += loss(row, label, dz.mutable_data<float>());
      }
    });
  }
  const auto gradient = [dz](const Tensor& dy, GradientSink& to) {
    const float factor = dy.data<float>()[0];
    to.add(0, factor == 1.0F ? dz : map(dz, [factor](float g) { return g * factor; }));
  };
  return record(Operation::cross_entropy, Variable(to_float32(total)), {&scores}, {dz}, gradient);
}

}  // namespace voxloom::autograd
