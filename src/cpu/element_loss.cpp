// Losses over elements, with their gradients.
#include <algorithm>
#include <cmath>

#include "cpu/backend.h"
#include "cpu/loops.h"
#include "engine/losses.h"

namespace voxloom::cpu {
namespace {

struct ElementTerm {
  float loss, slope;
};

ElementTerm squared_term(float x, float t, float /*parameter*/) {
  const float away = x - t;
  return {away * away, 2 * away};
}

ElementTerm smooth_l1_term(float x, float t, float beta) {
  const float away = x - t;
  if (!(std::abs(away) >= beta)) return {away * away / (2 * beta), away / beta};  // no number too
  return {std::abs(away) - beta / 2, away < 0 ? -1.0F : 1.0F};
}

// log(1 + exp(-|x|)) is all that remains of either logarithm once its large part is taken out.
ElementTerm binary_cross_entropy_term(float x, float t, float positive) {
  const float rest = std::log1p(std::exp(-std::abs(x)));
  const float minus_log_s = rest + std::max(-x, 0.0F);  // -log s(x)
  const float minus_log_r = rest + std::max(x, 0.0F);   // -log(1 - s(x))
  const float s = std::exp(-minus_log_s), r = std::exp(-minus_log_r);
  return {positive * t * minus_log_s + (1 - t) * minus_log_r, (1 - t) * s - positive * t * r};
}

template <typename Term>
void sum_terms(const engine::ElementLoss& p, const Term& term) {
  const std::int64_t rows = p.x->dim(0), width = p.x->dim(1);
  const float* x = p.x->data<float>();
  const float* targets = p.targets->data<float>();
  const float* weights = p.row_weights == nullptr ? nullptr : p.row_weights->data<float>();
  float* dx = p.dx->mutable_data<float>();
  double all = weights == nullptr ? static_cast<double>(rows) : 0;
  for (std::int64_t row = 0; weights != nullptr && row < rows; ++row) {
    all += static_cast<double>(weights[row]);
  }
  const double divisor = all * static_cast<double>(width);
  const std::vector<double> total =
      sum_rows(rows, 1, [&](std::int64_t begin, std::int64_t end, float* sum) {
        for (std::int64_t row = begin; row < end; ++row) {
          const float weight = weights == nullptr ? 1.0F : weights[row];
          float* to = dx + row * width;
          if (!(weight > 0)) {
            std::fill_n(to, width, 0.0F);
            continue;
          }
          const auto share = static_cast<float>(static_cast<double>(weight) / divisor);
          for (std::int64_t c = 0; c < width; ++c) {
            const ElementTerm one = term(x[row * width + c], targets[row * width + c], p.parameter);
            *sum += weight * one.loss;
            to[c] = share * one.slope;
          }
        }
      });
  const double loss = divisor > 0 ? total[0] / divisor : 0;
  store(&loss, p.loss);
}

void element_loss(const engine::ElementLoss& p) {
  switch (p.kind) {
    case engine::ElementLossKind::squared: return sum_terms(p, squared_term);
    case engine::ElementLossKind::smooth_l1: return sum_terms(p, smooth_l1_term);
    case engine::ElementLossKind::binary_cross_entropy:
      return sum_terms(p, binary_cross_entropy_term);
  }
}

}  // namespace

void CpuBackend::offer_element_losses() { offer_trained<element_loss>(); }

}  // namespace voxloom::cpu
