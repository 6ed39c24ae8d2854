// Softmax and the norms whose statistics belong to one row.
//   n = (x - mean) r, y = n scale + bias, g = dy scale
//   dx = r (g - mean(g) - n mean(g n))      rms_norm has no means of x and g

#include <cmath>

#include "autograd/loops.h"
#include "autograd/tape.h"
#include "core/error.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

Tensor softmax_gradient(const Tensor& y, const Tensor& dy) {
  const std::int64_t channels = y.dim(1);
  Tensor dx = Tensor::empty(y.shape(), DType::f32);
  for_rows(y.dim(0), channels, [&](std::int64_t row) {
    const float* p = y.data<float>() + row * channels;
    const float* g = dy.data<float>() + row * channels;
    float* to = dx.mutable_data<float>() + row * channels;
    double mean = 0;
    for (std::int64_t c = 0; c < channels; ++c) mean += static_cast<double>(p[c]) * g[c];
    for (std::int64_t c = 0; c < channels; ++c) to[c] = p[c] * (g[c] - static_cast<float>(mean));
  });
  return dx;
}

// The normalization of rows in `groups` parts.
struct RowNorm {
  Tensor x, scale;
  std::int64_t groups = 1;
  bool is_centered = true;
  float eps = 0;

  struct Moments {
    float mean = 0, factor = 0;
  };

  [[nodiscard]] std::int64_t width() const { return x.dim(1) / groups; }

  [[nodiscard]] Moments moments(const float* part) const {
    double mean = 0, squares = 0;
    const auto count = static_cast<double>(width());
    for (std::int64_t c = 0; is_centered && c < width(); ++c) mean += part[c];
    mean /= count;
    for (std::int64_t c = 0; c < width(); ++c) squares += (part[c] - mean) * (part[c] - mean);
    return {static_cast<float>(mean),
            static_cast<float>(1.0 / std::sqrt(squares / count + static_cast<double>(eps)))};
  }

  // Calls body(first element, first channel, moments) for each part of a row.
  template <typename Body>
  void for_parts(std::int64_t row, const Body& body) const {
    for (std::int64_t first = 0; first < x.dim(1); first += width()) {
      const std::int64_t at = row * x.dim(1) + first;
      body(at, first, moments(x.data<float>() + at));
    }
  }

  [[nodiscard]] Tensor input_gradient(const Tensor& dy) const {
    Tensor dx = Tensor::empty(x.shape(), DType::f32);
    for_rows(x.dim(0), x.dim(1), [&](std::int64_t row) {
      for_parts(row, [&](std::int64_t at, std::int64_t first, const Moments& m) {
        part_gradient(dy.data<float>() + at, at, first, m, dx.mutable_data<float>() + at);
      });
    });
    return dx;
  }

  [[nodiscard]] Tensor scale_gradient(const Tensor& dy) const {
    return to_float32(
        sum_rows(x.dim(0), x.dim(1), [&](std::int64_t begin, std::int64_t end, float* sums) {
          for (std::int64_t row = begin; row < end; ++row) {
            for_parts(row, [&](std::int64_t at, std::int64_t first, const Moments& m) {
              for (std::int64_t c = 0; c < width(); ++c) {
                sums[first + c] += dy.data<float>()[at + c] * normed(at + c, m);
              }
            });
          }
        }));
  }

 private:
  [[nodiscard]] float normed(std::int64_t element, const Moments& m) const {
    return (x.data<float>()[element] - m.mean) * m.factor;
  }

  void part_gradient(const float* dy, std::int64_t at, std::int64_t first, const Moments& m,
                     float* dx) const {
    const float* weight = scale.data<float>() + first;
    double mean = 0, slope = 0;
    for (std::int64_t c = 0; c < width(); ++c) {
      const double g = static_cast<double>(dy[c]) * weight[c];
      mean += g;
      slope += g * static_cast<double>(normed(at + c, m));
    }
    mean = is_centered ? mean / static_cast<double>(width()) : 0.0;
    slope /= static_cast<double>(width());
    for (std::int64_t c = 0; c < width(); ++c) {
      const double g = static_cast<double>(dy[c]) * weight[c];
      dx[c] = static_cast<float>(m.factor * (g - mean - normed(at + c, m) * slope));
    }
  }
};

Tensor bias_or_zeros(const Affine& affine) {
  return affine.bias.defined() ? affine.bias.value()
                               : Tensor::zeros(affine.scale.value().shape(), DType::f32);
}

Variable record_norm(Operation operation, const Tensor& y, const Variable& x, const Affine& affine,
                     const RowNorm& norm) {
  const auto gradient = [norm](const Tensor& dy, GradientSink& to) {
    if (to.wants(2)) {
      to.add(2, to_float32(sum_rows(dy.dim(0), dy.dim(1), [&](auto begin, auto end, float* sums) {
               for (std::int64_t i = begin * dy.dim(1); i < end * dy.dim(1); ++i) {
                 sums[i % dy.dim(1)] += dy.data<float>()[i];
               }
             })));
    }
    if (to.wants(1)) to.add(1, norm.scale_gradient(dy));
    if (to.wants(0)) to.add(0, norm.input_gradient(dy));
  };
  return record(operation, like(x, y), {&x, &affine.scale, &affine.bias}, {x.value()}, gradient);
}

// (N,C) as N*groups rows: what a group is normalized as.
Tensor normed_groups(const Tensor& x, std::int64_t groups, float eps) {
  const std::int64_t width = x.dim(1) / groups;
  const Tensor ones = Tensor::full({width}, DType::f32, 1.0F);
  const Tensor zeros = Tensor::zeros({width}, DType::f32);
  return voxloom::layer_norm(x.reshape({x.dim(0) * groups, width}), ones, zeros, eps)
      .reshape(x.shape());
}

}  // namespace

Variable softmax(const Variable& x) {
  const Tensor y = voxloom::softmax(x.value());
  const auto gradient = [y](const Tensor& dy, GradientSink& to) {
    to.add(0, softmax_gradient(y, dy));
  };
  return record(Operation::softmax, like(x, y), {&x}, {y}, gradient);
}

Variable layer_norm(const Variable& x, const Affine& affine, float eps) {
  const Tensor& scale = affine.scale.value();
  const Tensor y = voxloom::layer_norm(x.value(), scale, bias_or_zeros(affine), eps);
  return record_norm(Operation::layer_norm, y, x, affine,
                     {.x = x.value(), .scale = scale, .eps = eps});
}

Variable group_norm(const Variable& x, const Affine& affine, std::int64_t groups, float eps) {
  constexpr std::string_view kOp = "group_norm";
  require(x.value().defined() && x.value().rank() == 2 && x.value().dtype() == DType::f32, kOp,
          "expected features of shape (N,C) and type float32");
  const std::int64_t channels = x.value().dim(1);
  require(groups >= 1 && channels % groups == 0, kOp, "{} channels do not split into {} groups",
          channels, groups);
  const Tensor& scale = affine.scale.value();
  // y = n * scale + bias: a batch norm with mean 0 and variance 1.
  const Tensor y = voxloom::batch_norm(normed_groups(x.value(), groups, eps),
                                       {.scale = scale,
                                        .bias = bias_or_zeros(affine),
                                        .mean = Tensor::zeros({channels}, DType::f32),
                                        .variance = Tensor::full({channels}, DType::f32, 1.0F)},
                                       0.0F);
  return record_norm(Operation::group_norm, y, x, affine,
                     {.x = x.value(), .scale = scale, .groups = groups, .eps = eps});
}

Variable rms_norm(const Variable& x, const Variable& scale, float eps) {
  const Tensor y = voxloom::rms_norm(x.value(), scale.value(), eps);
  return record_norm(Operation::rms_norm, y, x, {.scale = scale},
                     {.x = x.value(), .scale = scale.value(), .is_centered = false, .eps = eps});
}

}  // namespace voxloom::autograd
