// Gradients of softmax and of the norms whose statistics belong to one row.

#include <cmath>

#include "cpu/backend.h"
#include "cpu/loops.h"
#include "engine/gradients.h"

namespace voxloom::cpu {
namespace {

void softmax_gradient(const engine::SoftmaxGradient& problem) {
  const std::int64_t channels = problem.y->dim(1);
  const float* y = problem.y->data<float>();
  const float* dy = problem.dy->data<float>();
  float* dx = problem.dx->mutable_data<float>();
  for_rows(problem.y->dim(0), channels, [&](std::int64_t row) {
    const float* p = y + row * channels;
    const float* g = dy + row * channels;
    float* to = dx + row * channels;
    double mean = 0;
    for (std::int64_t c = 0; c < channels; ++c) mean += static_cast<double>(p[c]) * g[c];
    for (std::int64_t c = 0; c < channels; ++c) to[c] = p[c] * (g[c] - static_cast<float>(mean));
  });
}

// The normalization of rows in parts of `width` channels.
class RowNorm {
 public:
  explicit RowNorm(const engine::RowNormGradient& p)
      : x_(p.x->data<float>()),
        scale_(p.scale->data<float>()),
        rows_(p.x->dim(0)),
        channels_(p.x->dim(1)),
        width_(channels_ / p.groups),
        is_centered_(p.is_centered),
        eps_(p.eps) {}

  void input_gradient(const float* dy, float* dx) const {
    for_rows(rows_, channels_, [&](std::int64_t row) {
      for_parts(row, [&](std::int64_t at, std::int64_t first, const Moments& m) {
        part_gradient(dy + at, at, first, m, dx + at);
      });
    });
  }

  [[nodiscard]] std::vector<double> scale_gradient(const float* dy) const {
    return sum_rows(rows_, channels_, [&](std::int64_t begin, std::int64_t end, float* sums) {
      for (std::int64_t row = begin; row < end; ++row) {
        for_parts(row, [&](std::int64_t at, std::int64_t first, const Moments& m) {
          for (std::int64_t c = 0; c < width_; ++c)
            sums[first + c] += dy[at + c] * normed(at + c, m);
        });
      }
    });
  }

  [[nodiscard]] std::vector<double> bias_gradient(const float* dy) const {
    return sum_rows(rows_, channels_, [&](std::int64_t begin, std::int64_t end, float* sums) {
      for (const float* row = dy + begin * channels_; row < dy + end * channels_;
           row += channels_) {
        for (std::int64_t c = 0; c < channels_; ++c) sums[c] += row[c];
      }
    });
  }

 private:
  struct Moments {
    float mean = 0, factor = 0;
  };

  [[nodiscard]] Moments moments(const float* part) const {
    double mean = 0, squares = 0;
    const auto count = static_cast<double>(width_);
    for (std::int64_t c = 0; is_centered_ && c < width_; ++c) mean += part[c];
    mean /= count;
    for (std::int64_t c = 0; c < width_; ++c) squares += (part[c] - mean) * (part[c] - mean);
    return {static_cast<float>(mean),
            static_cast<float>(1.0 / std::sqrt(squares / count + static_cast<double>(eps_)))};
  }

  // Calls body(first element, first channel, moments) for each part of a row.
  template <typename Body>
  void for_parts(std::int64_t row, const Body& body) const {
    for (std::int64_t first = 0; first < channels_; first += width_) {
      const std::int64_t at = row * channels_ + first;
      body(at, first, moments(x_ + at));
    }
  }

  [[nodiscard]] float normed(std::int64_t element, const Moments& m) const {
    return (x_[element] - m.mean) * m.factor;
  }

  void part_gradient(const float* dy, std::int64_t at, std::int64_t first, const Moments& m,
                     float* dx) const {
    const float* weight = scale_ + first;
    double mean = 0, slope = 0;
    for (std::int64_t c = 0; c < width_; ++c) {
      const double g = static_cast<double>(dy[c]) * weight[c];
      mean += g;
      slope += g * static_cast<double>(normed(at + c, m));
    }
    mean = is_centered_ ? mean / static_cast<double>(width_) : 0.0;
    slope /= static_cast<double>(width_);
    for (std::int64_t c = 0; c < width_; ++c) {
      const double g = static_cast<double>(dy[c]) * weight[c];
      dx[c] = static_cast<float>(m.factor * (g - mean - normed(at + c, m) * slope));
    }
  }

  const float* x_;
  const float* scale_;
  std::int64_t rows_, channels_, width_;
  bool is_centered_;
  float eps_;
};

void row_norm_gradient(const engine::RowNormGradient& p) {
  const RowNorm norm(p);
  const float* dy = p.dy->data<float>();
  if (p.dbias != nullptr) store(norm.bias_gradient(dy).data(), p.dbias);
  if (p.dscale != nullptr) store(norm.scale_gradient(dy).data(), p.dscale);
  if (p.dx != nullptr) norm.input_gradient(dy, p.dx->mutable_data<float>());
}

}  // namespace

void CpuBackend::offer_row_gradients() {
  offer_trained<softmax_gradient>();
  offer_trained<row_norm_gradient>();
}

}  // namespace voxloom::cpu
