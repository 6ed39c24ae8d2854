// Batch norm in training. One sweep over the rows makes the sums, one the result, so that training
// costs little more than the products between norms.

#include "engine/batch_norm.h"

#include <cmath>
#include <limits>

#include "cpu/backend.h"
#include "cpu/loops.h"
#include "cpu/moments.h"

namespace voxloom::cpu {
namespace {

void column_statistics(const engine::ColumnStatistics& p) {
  const std::int64_t rows = p.x->dim(0), width = p.x->dim(1);
  const float* values = p.x->data<float>();
  const float* shift = values;
  const std::vector<double> sums =
      sum_rows(rows, 2 * width, [&](std::int64_t begin, std::int64_t end, float* out) {
        for (std::int64_t row = begin; row < end; ++row) {
          add_moments(width, values + row * width, shift, out);
        }
      });
  float* mean = p.mean->mutable_data<float>();
  float* variance = p.variance->mutable_data<float>();
  for (std::int64_t c = 0; c < width; ++c) {
    const ColumnMoments of_column =
        rows > 0 ? moments_of(sums, width, c, static_cast<double>(rows)) : ColumnMoments{};
    mean[c] = rows > 0 ? static_cast<float>(shift[c] + of_column.away) : 0.0F;
    variance[c] = static_cast<float>(of_column.variance);
  }
}

// Channels side by side in memory, read and written by one loop each. `restrict` is what lets
// compilers make vector code of them.
struct Channels {
  const float* __restrict mean;
  const float* __restrict factor;
  std::int64_t width;
};

std::vector<float> factors_of(const Tensor& variances, float eps) {
  std::vector<float> factors;
  for (const float variance : variances.span<float>()) {
    factors.push_back(
        static_cast<float>(1.0 / std::sqrt(static_cast<double>(variance) + double{eps})));
  }
  return factors;
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
  for (std::int64_t c = 0; c < ch.width; ++c) y[c] = y[c] < tail.floor ? tail.floor : y[c];
}

void batch_norm_of_batch(const engine::BatchNormOfBatch& p) {
  std::vector<float> gain = factors_of(*p.variance, p.eps);
  const float* scale = p.scale->data<float>();
  for (std::size_t c = 0; c < gain.size(); ++c) gain[c] = scale[c] * gain[c];
  const std::vector<float> zeros(gain.size());
  const Channels ch{p.mean->data<float>(), gain.data(), p.x->dim(1)};
  const RowTail tail{p.bias == nullptr ? zeros.data() : p.bias->data<float>(),
                     p.relu ? 0.0F : -std::numeric_limits<float>::infinity()};
  const float* extra = p.residual == nullptr ? nullptr : p.residual->data<float>();
  const float* from = p.x->data<float>();
  float* to = p.y->mutable_data<float>();
  for_row_ranges(p.x->dim(0), ch.width, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin * ch.width; at < end * ch.width; at += ch.width) {
      apply_row(ch, tail, from + at, extra == nullptr ? nullptr : extra + at, to + at);
    }
  });
}

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

class BatchNormGradient {
 public:
  explicit BatchNormGradient(const engine::BatchNormGradient& p)
      : p_(p),
        factor_(factors_of(*p.variance, p.eps)),
        channels_{p.mean->data<float>(), factor_.data(), p.x->dim(1)} {}

  // dy becomes g; gives sum g and sum g n per channel, one after the other.
  [[nodiscard]] std::vector<double> rectify_and_sum() const {
    const Channels& ch = channels_;
    const float* v = p_.x->data<float>();
    const float* g = p_.dy->data<float>();
    const float* result = p_.y == nullptr ? nullptr : p_.y->data<float>();
    float* rectified = p_.y == nullptr ? nullptr : p_.dy->mutable_data<float>();
    return sum_rows(
        p_.x->dim(0), 2 * ch.width, [&](std::int64_t begin, std::int64_t end, float* out) {
          for (std::int64_t at = begin * ch.width; at < end * ch.width; at += ch.width) {
            if (result != nullptr) rectify_row(ch.width, result + at, rectified + at);
            add_row(ch, v + at, g + at, out);
          }
        });
  }

  void input_gradient(const std::vector<double>& sums) const {
    const Slopes slopes = slopes_of(sums);
    const Channels& ch = channels_;
    const float* g = p_.dy->data<float>();
    const float* v = p_.x->data<float>();
    float* to = p_.dx->mutable_data<float>();
    for_row_ranges(p_.x->dim(0), ch.width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t at = begin * ch.width; at < end * ch.width; at += ch.width) {
        if (to == g) {
          slopes.apply(ch, v + at, to + at);
        } else {
          slopes.apply(ch, v + at, g + at, to + at);
        }
      }
    });
  }

 private:
  [[nodiscard]] Slopes slopes_of(const std::vector<double>& sums) const {
    const auto count = static_cast<double>(p_.x->dim(0));
    const float* scale = p_.scale->data<float>();
    const std::size_t width = factor_.size();
    Slopes s{std::vector<float>(width), std::vector<float>(width), std::vector<float>(width)};
    for (std::size_t c = 0; c < width; ++c) {
      s.gain[c] = scale[c] * factor_[c];
      if (!p_.is_own) continue;
      s.offset[c] = static_cast<float>(s.gain[c] * sums[c] / count);
      s.slope[c] = static_cast<float>(s.gain[c] * factor_[c] * sums[width + c] / count);
    }
    return s;
  }

  const engine::BatchNormGradient& p_;
  std::vector<float> factor_;
  Channels channels_;
};

void batch_norm_gradient(const engine::BatchNormGradient& p) {
  const BatchNormGradient norm(p);
  const std::vector<double> sums = norm.rectify_and_sum();
  store(sums.data() + p.x->dim(1), p.dscale);
  store(sums.data(), p.dbias);
  if (p.dx != nullptr) norm.input_gradient(sums);
}

}  // namespace

void CpuBackend::offer_batch_norm() {
  offer_trained<column_statistics>();
  offer_trained<batch_norm_of_batch>();
  offer_trained<batch_norm_gradient>();
}

}  // namespace voxloom::cpu
