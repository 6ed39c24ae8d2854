#include "engine/updates.h"

#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "cpu/backend.h"
#include "cpu/loops.h"

namespace voxloom::cpu {
namespace {

// The loops are over arrays that do not overlap.
void adamw_range(const engine::AdamW& rule, std::int64_t count, const float* __restrict g,
                 float* __restrict p, float* __restrict m, float* __restrict v) {
  const float keep = rule.keep, rate = rule.rate, b1 = rule.b1, b2 = rule.b2, eps = rule.eps;
  const float first_share = rule.first_share, second_share = rule.second_share;
  for (std::int64_t i = 0; i < count; ++i) {
    m[i] = b1 * m[i] + (1.0F - b1) * g[i];
    v[i] = b2 * v[i] + (1.0F - b2) * g[i] * g[i];
    p[i] = keep * p[i] - rate * (m[i] / first_share) / (std::sqrt(v[i] / second_share) + eps);
  }
}

void adamw(const engine::AdamW& rule) {
  const float* g = rule.gradient->data<float>();
  float* p = rule.parameter->mutable_data<float>();
  float* m = rule.first->mutable_data<float>();
  float* v = rule.second->mutable_data<float>();
  for_ranges(rule.gradient->size(), [&](std::int64_t begin, std::int64_t end) {
    adamw_range(rule, end - begin, g + begin, p + begin, m + begin, v + begin);
  });
}

void momentum_range(const engine::Momentum& rule, std::int64_t count, const float* __restrict g,
                    float* __restrict p, float* __restrict v) {
  const float decay = rule.decay, rate = rule.rate, momentum = rule.momentum;
  for (std::int64_t i = 0; i < count; ++i) {
    v[i] = momentum * v[i] + (g[i] + decay * p[i]);
    p[i] -= rate * v[i];
  }
}

void momentum(const engine::Momentum& rule) {
  const float* g = rule.gradient->data<float>();
  float* p = rule.parameter->mutable_data<float>();
  float* v = rule.velocity->mutable_data<float>();
  for_ranges(rule.gradient->size(), [&](std::int64_t begin, std::int64_t end) {
    momentum_range(rule, end - begin, g + begin, p + begin, v + begin);
  });
}

// Eight sums side by side, so that none waits for another.
double sum_of_squares(std::span<const float> values) {
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> sums{};
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const auto v = static_cast<double>(values.data()[i + lane]);
      sums.data()[lane] += v * v;
    }
  }
  for (std::size_t i = whole; i < values.size(); ++i) {
    sums[i - whole] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

void sum_of_squares(const engine::SumOfSquares& p) {
  double squares = 0;
  for (const Tensor* tensor : p.tensors) squares += sum_of_squares(tensor->span<float>());
  *p.sum = squares;
}

}  // namespace

void CpuBackend::offer_updates() {
  offer_trained<adamw>();
  offer_trained<momentum>();
  offer_trained<static_cast<void (*)(const engine::SumOfSquares&)>(sum_of_squares)>();
}

}  // namespace voxloom::cpu
