// Batch norm over the rows of a tensor: with given statistics, and with its own.
//
//   n = (x - mean) r,  y = relu(n scale + bias + residual),  r = 1 / sqrt(variance + eps)
//   g = dy where y > 0, else 0;   dresidual = g;   dbias = sum g;   dscale = sum g n
//   dx = scale r (g - dbias/N - n dscale/N)         without the last two for given statistics
//
// One pass over the rows makes the sums, one the result, so that training costs little more than the
// products between norms. float32 within 256 rows, binary64 across them.

#include <cmath>
#include <limits>

#include "autograd/column_statistics.h"
#include "autograd/loops.h"
#include "autograd/tape.h"
#include "core/error.h"
#include "ops/dense_arguments.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

// Channels side by side in memory, read and written by one loop each. `restrict` is what lets
// compilers make vector code of them.
struct Channels {
  const float* __restrict mean;
  const float* __restrict factor;
  std::int64_t width;
};

// Adds sum g, sum g n per channel.
void add_row(const Channels& ch, const float* __restrict v, const float* __restrict g,
             float* __restrict sums) {
  for (std::int64_t c = 0; c < ch.width; ++c) sums[c] += g[c];
  float* __restrict slopes = sums + ch.width;
  for (std::int64_t c = 0; c < ch.width; ++c) {
    slopes[c] += g[c] * ((v[c] - ch.mean[c]) * ch.factor[c]);
  }
}

void rectify_row(std::int64_t width, const float* __restrict y, float* __restrict g) {
  for (std::int64_t c = 0; c < width; ++c) g[c] = y[c] > 0.0F ? g[c] : 0.0F;
}

// dx = gain g - offset - slope (x - mean), to a place of its own and in place.
struct Slopes {
  std::vector<float> gain, offset, slope;

  void apply(const Channels& ch, const float* __restrict v, const float* __restrict g,
             float* __restrict dx) const {
    for (std::int64_t c = 0; c < ch.width; ++c) {
      const auto k = static_cast<std::size_t>(c);
      dx[c] = gain.data()[k] * g[c] - offset.data()[k] - slope.data()[k] * (v[c] - ch.mean[c]);
    }
  }
  void apply(const Channels& ch, const float* __restrict v, float* __restrict g) const {
    for (std::int64_t c = 0; c < ch.width; ++c) {
      const auto k = static_cast<std::size_t>(c);
      g[c] = gain.data()[k] * g[c] - offset.data()[k] - slope.data()[k] * (v[c] - ch.mean[c]);
    }
  }
};

// What a walk over the rows reads. Empty tensors: not there.
struct BatchNorm {
  Tensor x, y;  // y only with a rectifier
  std::vector<float> mean, factor, scale;
  bool is_own = true;  // the statistics are x's own

  [[nodiscard]] std::int64_t rows() const { return x.dim(0); }

  // dy becomes g; gives sum g and sum g n per channel, one after the other.
  [[nodiscard]] std::vector<double> rectify_and_sum(Tensor& dy) const {
    if (y.defined() && !dy.is_unique()) dy = dy.clone();
    const Channels ch = channels();
    const float* v = x.data<float>();
    const float* result = y.defined() ? y.data<float>() : nullptr;
    float* g = dy.mutable_data<float>();
    return sum_rows(rows(), 2 * ch.width, [&](std::int64_t begin, std::int64_t end, float* out) {
      for (std::int64_t at = begin * ch.width; at < end * ch.width; at += ch.width) {
        if (result != nullptr) rectify_row(ch.width, result + at, g + at);
        add_row(ch, v + at, g + at, out);
      }
    });
  }

  [[nodiscard]] Tensor input_gradient(Tensor g, const std::vector<double>& sums) const {
    const Slopes slopes = slopes_of(sums);
    const Channels ch = channels();
    const bool in_place = g.is_unique();
    Tensor dx = in_place ? g : Tensor::empty(x.shape(), DType::f32);
    const float* flow = g.data<float>();
    const float* v = x.data<float>();
    float* to = dx.mutable_data<float>();
    for_row_ranges(rows(), ch.width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t at = begin * ch.width; at < end * ch.width; at += ch.width) {
        if (in_place) {
          slopes.apply(ch, v + at, to + at);
        } else {
          slopes.apply(ch, v + at, flow + at, to + at);
        }
      }
    });
    return dx;
  }

 private:
  [[nodiscard]] Channels channels() const { return {mean.data(), factor.data(), x.dim(1)}; }

  [[nodiscard]] Slopes slopes_of(const std::vector<double>& sums) const {
    const auto count = static_cast<double>(rows());
    const std::size_t width = mean.size();
    Slopes s{std::vector<float>(width), std::vector<float>(width), std::vector<float>(width)};
    for (std::size_t c = 0; c < width; ++c) {
      s.gain[c] = scale[c] * factor[c];
      if (!is_own) continue;
      s.offset[c] = static_cast<float>(s.gain[c] * sums[c] / count);
      s.slope[c] = static_cast<float>(s.gain[c] * factor[c] * sums[width + c] / count);
    }
    return s;
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
  const auto gradient = [norm = std::move(norm)](Tensor dy, GradientSink& to) {
    const auto half = static_cast<std::ptrdiff_t>(norm.mean.size());
    const std::vector<double> sums = norm.rectify_and_sum(dy);
    if (to.wants(1)) to.add(1, to_float32({sums.begin() + half, sums.end()}));
    if (to.wants(2)) to.add(2, to_float32({sums.begin(), sums.begin() + half}));
    if (to.wants(3)) to.add(3, dy);
    if (to.wants(0)) to.add(0, norm.input_gradient(std::move(dy), sums));
  };
  return record(operation, std::move(result), {&x, &affine.scale, &affine.bias, &residual},
                std::move(saved), gradient);
}

// Each row on its own, so that what is not there costs nothing.
struct RowTail {
  const float* bias;
  float floor;  // -infinity: no rectifier
};

void apply_row(const Channels& ch, const RowTail& tail, const float* __restrict v,
               const float* extra, float* __restrict y) {
  for (std::int64_t c = 0; c < ch.width; ++c) {
    y[c] = (v[c] - ch.mean[c]) * ch.factor[c] + tail.bias[c];
  }
  for (std::int64_t c = 0; extra != nullptr && c < ch.width; ++c) y[c] += extra[c];
  // A NaN stays.
  for (std::int64_t c = 0; c < ch.width; ++c) y[c] = y[c] < tail.floor ? tail.floor : y[c];
}

// relu((x - mean) gain + bias + residual)
Tensor apply(const BatchNorm& norm, const Tensor& bias, const BatchNormTail& tail) {
  std::vector<float> gain(norm.mean.size()), shift(norm.mean.size());
  for (std::size_t c = 0; c < gain.size(); ++c) gain[c] = norm.scale[c] * norm.factor[c];
  if (bias.defined()) shift = copy_of(bias);
  const Channels ch{norm.mean.data(), gain.data(), norm.x.dim(1)};
  const RowTail row_tail{shift.data(), tail.relu ? 0.0F : -std::numeric_limits<float>::infinity()};
  Tensor y = Tensor::empty(norm.x.shape(), DType::f32);
  const Tensor& residual = tail.residual.value();
  const float* extra = residual.defined() ? residual.data<float>() : nullptr;
  const float* from = norm.x.data<float>();
  float* to = y.mutable_data<float>();
  for_row_ranges(norm.rows(), ch.width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin * ch.width; at < end * ch.width; at += ch.width) {
      apply_row(ch, row_tail, from + at, extra == nullptr ? nullptr : extra + at, to + at);
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
          kOp, "expected a residual of shape {} and type float32, got {}", x.value().shape(),
          residual.value());
  const Statistics statistics = column_statistics(x.value());
  BatchNorm norm = batch_norm_of(x, affine, statistics, eps);
  const Tensor y = apply(norm, affine.bias.value(), tail);
  if (tail.relu) norm.y = y;
  return {record_batch_norm(Operation::batch_norm_batch, like(x, y), x, affine, residual,
                            std::move(norm)),
          statistics};
}

}  // namespace voxloom::autograd
