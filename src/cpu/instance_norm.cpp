#include "engine/instance_norm.h"

#include <algorithm>
#include <cmath>

#include "cpu/backend.h"
#include "cpu/loops.h"
#include "cpu/moments.h"

namespace voxloom::cpu {
namespace {

using BatchRows = std::span<const std::int32_t>;

// body(row) for the rows of a batch.
template <typename Body>
void for_batch_rows(BatchRows rows, std::int64_t width, const Body& body) {
  for_rows(static_cast<std::int64_t>(rows.size()), width,
           [&](std::int64_t i) { body(rows[static_cast<std::size_t>(i)]); });
}

// `count` sums for each channel: add(row, sums) adds those of a row.
template <typename Add>
std::vector<double> sum_batch_rows(BatchRows rows, std::int64_t count, std::int64_t width,
                                   const Add& add) {
  return sum_rows(static_cast<std::int64_t>(rows.size()), count * width,
                  [&](std::int64_t begin, std::int64_t end, float* sums) {
                    for (std::int64_t i = begin; i < end; ++i) {
                      add(rows[static_cast<std::size_t>(i)], sums);
                    }
                  });
}

void batch_statistics(const engine::InstanceNorm& p, BatchRows rows, float* mean, float* factor) {
  const std::int64_t width = p.x->dim(1);
  const float* x = p.x->data<float>();
  const float* shift = x + rows.front() * width;
  const std::vector<double> sums = sum_batch_rows(rows, 2, width, [&](std::int64_t row, float* to) {
    add_moments(width, x + row * width, shift, to);
  });
  const auto count = static_cast<double>(rows.size());
  for (std::int64_t c = 0; c < width; ++c) {
    const ColumnMoments of_channel = moments_of(sums, width, c, count);
    mean[c] = static_cast<float>(shift[c] + of_channel.away);
    factor[c] = static_cast<float>(1.0 / std::sqrt(of_channel.variance + double{p.eps}));
  }
}

void instance_norm(const engine::InstanceNorm& p) {
  const std::int64_t width = p.x->dim(1);
  const float* x = p.x->data<float>();
  const float* scale = p.scale->data<float>();
  const float* bias = p.bias == nullptr ? nullptr : p.bias->data<float>();
  float* y = p.y->mutable_data<float>();
  std::fill_n(p.mean->mutable_data<float>(), p.mean->size(), 0.0F);
  std::fill_n(p.factor->mutable_data<float>(), p.factor->size(), 0.0F);
  for (std::int64_t b = 0; b < p.batches->count(); ++b) {
    const BatchRows rows = (*p.batches)[b];
    if (rows.empty()) continue;
    float* mean = p.mean->mutable_data<float>() + b * width;
    float* factor = p.factor->mutable_data<float>() + b * width;
    batch_statistics(p, rows, mean, factor);
    for_batch_rows(rows, width, [&](std::int64_t row) {
      for (std::int64_t c = 0; c < width; ++c) {
        const float n = (x[row * width + c] - mean[c]) * factor[c];
        y[row * width + c] = n * scale[c] + (bias == nullptr ? 0.0F : bias[c]);
      }
    });
  }
}

class InstanceGradient {
 public:
  explicit InstanceGradient(const engine::InstanceNormGradient& p)
      : p_(p), width_(p.x->dim(1)), all_(static_cast<std::size_t>(2 * width_), 0.0) {}

  void add_batch(std::int64_t b) {
    const BatchRows rows = (*p_.batches)[b];
    if (rows.empty()) return;
    const float* mean = p_.mean->data<float>() + b * width_;
    const float* factor = p_.factor->data<float>() + b * width_;
    const float* x = p_.x->data<float>();
    const float* dy = p_.dy->data<float>();
    const std::vector<double> sums =
        sum_batch_rows(rows, 2, width_, [&](std::int64_t row, float* to) {
          for (std::int64_t c = 0; c < width_; ++c) {
            const float g = dy[row * width_ + c];
            to[c] += g;
            to[width_ + c] += g * ((x[row * width_ + c] - mean[c]) * factor[c]);
          }
        });
    for (std::size_t i = 0; i < all_.size(); ++i) all_[i] += sums[i];
    if (p_.dx != nullptr) input_gradient(rows, mean, factor, sums);
  }

  void finish() const {
    store(all_.data(), p_.dbias);
    store(all_.data() + width_, p_.dscale);
  }

 private:
  void input_gradient(BatchRows rows, const float* mean, const float* factor,
                      const std::vector<double>& sums) const {
    const auto count = static_cast<double>(rows.size());
    std::vector<float> means;
    for (const double sum : sums) means.push_back(static_cast<float>(sum / count));
    const float* x = p_.x->data<float>();
    const float* dy = p_.dy->data<float>();
    const float* scale = p_.scale->data<float>();
    float* dx = p_.dx->mutable_data<float>();
    for_batch_rows(rows, width_, [&](std::int64_t row) {
      for (std::int64_t c = 0; c < width_; ++c) {
        const float n = (x[row * width_ + c] - mean[c]) * factor[c];
        const float rest = dy[row * width_ + c] - means[static_cast<std::size_t>(c)] -
                           n * means[static_cast<std::size_t>(width_ + c)];
        dx[row * width_ + c] = scale[c] * factor[c] * rest;
      }
    });
  }

  const engine::InstanceNormGradient& p_;
  std::int64_t width_;
  std::vector<double> all_;  // sum dy, sum dy n
};

void instance_norm_gradient(const engine::InstanceNormGradient& p) {
  InstanceGradient gradient(p);
  for (std::int64_t b = 0; b < p.batches->count(); ++b) gradient.add_batch(b);
  gradient.finish();
}

}  // namespace

void CpuBackend::offer_instance_norm() {
  offer_trained<instance_norm>();
  offer_trained<instance_norm_gradient>();
}

}  // namespace voxloom::cpu
