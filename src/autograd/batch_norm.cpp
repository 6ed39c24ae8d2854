// Batch norm over the rows of a tensor: with given statistics, and with its own.
//
//   n = (x - mean) r,  y = relu(n scale + bias + residual),  r = 1 / sqrt(variance + eps)
//   g = dy where y > 0, else 0;   dresidual = g;   dbias = sum g;   dscale = sum g n
//   dx = scale r (g - dbias/N - n dscale/N)         without the last two for given statistics
//
// One pass over the rows makes the sums, one the result, so that training costs little more than the
// products between norms. float32 within 256 rows, binary64 across them.

#include <cmath>

#include "autograd/column_statistics.h"
#include "autograd/loops.h"
#include "autograd/tape.h"
#include "core/error.h"
#include "ops/dense_arguments.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

// What a walk over the rows reads. Empty tensors: not there.
struct BatchNorm {
  Tensor x, y;  // y only with a rectifier
  std::vector<float> mean, factor, scale;
  bool is_own = true;  // the statistics are x's own

  [[nodiscard]] std::int64_t rows() const { return x.dim(0); }
  [[nodiscard]] std::int64_t channels() const { return x.dim(1); }

  // sum g, sum g n per channel, side by side.
  [[nodiscard]] std::vector<double> sums(const Tensor& dy) const {
    const std::int64_t width = channels();
    return sum_rows(rows(), 2 * width, [&](std::int64_t begin, std::int64_t end, float* out) {
      for (std::int64_t row = begin; row < end; ++row) add_row(dy, row * width, out);
    });
  }

  [[nodiscard]] Tensor input_gradient(const Tensor& dy, const std::vector<double>& sums) const {
    const std::int64_t width = channels();
    const auto count = static_cast<double>(rows());
    std::vector<float> slope(mean.size()), offset(mean.size()), gain(mean.size());
    for (std::size_t c = 0; c < mean.size(); ++c) {
      gain[c] = scale[c] * factor[c];
      if (!is_own) continue;
      offset[c] = static_cast<float>(gain[c] * sums[c] / count);
      slope[c] = static_cast<float>(gain[c] * factor[c] * sums[mean.size() + c] / count);
    }
    Tensor dx = Tensor::empty(x.shape(), DType::f32);
    for_rows(rows(), width, [&](std::int64_t row) {
      const std::int64_t at = row * width;
      const float* g = dy.data<float>() + at;
      const float* v = x.data<float>() + at;
      const float* out = y.defined() ? y.data<float>() + at : nullptr;
      float* to = dx.mutable_data<float>() + at;
      for (std::int64_t c = 0; c < width; ++c) {
        const auto k = static_cast<std::size_t>(c);
        const float flow = out == nullptr || out[c] > 0.0F ? g[c] : 0.0F;
        to[c] = gain[k] * flow - offset[k] - slope[k] * (v[c] - mean[k]);
      }
    });
    return dx;
  }

  [[nodiscard]] Tensor residual_gradient(const Tensor& dy) const {
    if (!y.defined()) return dy;
    return zip(dy, y, [](float g, float out) { return out > 0.0F ? g : 0.0F; });
  }

 private:
  void add_row(const Tensor& dy, std::int64_t at, float* out) const {
    const std::int64_t width = channels();
    const float* g = dy.data<float>() + at;
    const float* v = x.data<float>() + at;
    const float* result = y.defined() ? y.data<float>() + at : nullptr;
    const float* means = mean.data();
    const float* factors = factor.data();
    for (std::int64_t c = 0; c < width; ++c) {
      const float flow = result == nullptr || result[c] > 0.0F ? g[c] : 0.0F;
      out[c] += flow;
      out[width + c] += flow * ((v[c] - means[c]) * factors[c]);
    }
  }
};

std::vector<float> copy_of(const Tensor& values) {
  const auto span = values.span<float>();
  return {span.begin(), span.end()};
}

BatchNorm batch_norm_of(const Variable& x, const Affine& affine, const Statistics& statistics,
                        float eps) {
  BatchNorm norm{.x = x.value(),
                 .y = {},
                 .mean = copy_of(statistics.mean),
                 .factor = {},
                 .scale = copy_of(affine.scale.value())};
  for (const float variance : statistics.variance.span<float>()) {
    norm.factor.push_back(
        static_cast<float>(1.0 / std::sqrt(static_cast<double>(variance) + double{eps})));
  }
  return norm;
}

Variable record_batch_norm(Operation operation, Variable result, const Variable& x,
                           const Affine& affine, const Variable& residual, BatchNorm norm) {
  std::vector<Tensor> saved = {norm.x, norm.y};
  const auto gradient = [norm = std::move(norm)](const Tensor& dy, GradientSink& to) {
    const auto half = static_cast<std::ptrdiff_t>(norm.mean.size());
    const std::vector<double> sums = norm.sums(dy);
    if (to.wants(1)) to.add(1, to_float32({sums.begin() + half, sums.end()}));
    if (to.wants(2)) to.add(2, to_float32({sums.begin(), sums.begin() + half}));
    if (to.wants(3)) to.add(3, norm.residual_gradient(dy));
    if (to.wants(0)) to.add(0, norm.input_gradient(dy, sums));
  };
  return record(operation, std::move(result), {&x, &affine.scale, &affine.bias, &residual},
                std::move(saved), gradient);
}

// relu((x - mean) gain + bias + residual)
Tensor apply(const BatchNorm& norm, const Tensor& bias, const BatchNormTail& tail) {
  const std::int64_t width = norm.channels();
  std::vector<float> gain(norm.mean.size());
  for (std::size_t c = 0; c < gain.size(); ++c) gain[c] = norm.scale[c] * norm.factor[c];
  Tensor y = Tensor::empty(norm.x.shape(), DType::f32);
  const Tensor& residual = tail.residual.value();
  const float floor = tail.relu ? 0.0F : -std::numeric_limits<float>::infinity();
  for_rows(norm.rows(), width, [&](std::int64_t row) {
    const float* from = norm.x.data<float>() + row * width;
    const float* shift = bias.defined() ? bias.data<float>() : nullptr;
    const float* extra = residual.defined() ? residual.data<float>() + row * width : nullptr;
    float* to = y.mutable_data<float>() + row * width;
    for (std::int64_t c = 0; c < width; ++c) {
      const auto k = static_cast<std::size_t>(c);
      float value = (from[c] - norm.mean[k]) * gain[k];
      if (shift != nullptr) value += shift[c];
      if (extra != nullptr) value += extra[c];
      to[c] = value < floor ? floor : value;  // a NaN stays
    }
  });
  return y;
}

}  // namespace

Variable batch_norm(const Variable& x, const Affine& affine, const Statistics& statistics,
                    float eps) {
  const Tensor& scale = affine.scale.value();
  const Tensor bias =
      affine.bias.defined() ? affine.bias.value() : Tensor::zeros(scale.shape(), DType::f32);
  const Tensor y = voxloom::batch_norm(
      x.value(),
      {.scale = scale, .bias = bias, .mean = statistics.mean, .variance = statistics.variance},
      eps);
  if (!x.needs_gradient() && !affine.scale.needs_gradient() && !affine.bias.needs_gradient()) {
    return like(x, y);
  }
  BatchNorm norm = batch_norm_of(x, affine, statistics, eps);
  norm.is_own = false;
  return record_batch_norm(Operation::batch_norm, like(x, y), x, affine, {}, std::move(norm));
}

BatchNormResult batch_norm_of_batch(const Variable& x, const Affine& affine,
                                    const BatchNormTail& tail, float eps) {
  constexpr std::string_view kOp = "batch_norm";
  check_matrix(kOp, x.value());
  require(x.value().dtype() == DType::f32, kOp, "statistics of a batch need float32 rows, got {}",
          voxloom::name_of(x.value().dtype()));
  check_vector(kOp, x.value(), affine.scale.value(), "scale");
  if (affine.bias.defined()) check_vector(kOp, x.value(), affine.bias.value(), "bias");
  check_eps(kOp, eps);
  const Variable& residual = tail.residual;
  require(!residual.defined() || (residual.value().shape() == x.value().shape() &&
                                  residual.value().dtype() == DType::f32),
          kOp, "expected a residual of shape {} and type float32, got {}",
          to_string(x.value().shape()), text_of(residual.value()));
  const Statistics statistics = column_statistics(x.value());
  BatchNorm norm = batch_norm_of(x, affine, statistics, eps);
  const Tensor y = apply(norm, affine.bias.value(), tail);
  if (tail.relu) norm.y = y;
  return {record_batch_norm(Operation::batch_norm_batch, like(x, y), x, affine, residual,
                            std::move(norm)),
          statistics};
}

}  // namespace voxloom::autograd
