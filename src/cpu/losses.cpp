#include "engine/losses.h"

#include <cmath>

#include "cpu/backend.h"
#include "cpu/loops.h"

namespace voxloom::cpu {
namespace {

void find_wrong_label(const engine::FindWrongLabel& p) {
  const std::span<const std::int32_t> labels = p.labels->span<std::int32_t>();
  const auto wrong = std::ranges::find_if(labels, [&](std::int32_t label) {
    return label != p.ignore && (label < 0 || label >= p.classes);
  });
  *p.row = wrong == labels.end() ? -1 : wrong - labels.begin();
  *p.label = wrong == labels.end() ? 0 : *wrong;
}

// The loss of rows and their gradients, all still to be divided by the sum of the labels' weights.
struct RowLoss {
  const float* scores;
  std::int64_t classes;
  std::span<const float> weights;
  float all_weights;  // their sum
  float smoothing;
  float focus;
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
    if (focus > 0) return focal(log_total - z[label], total, label, to);
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
  // `to` holds exp(z - largest), whose sum is `total`; nll is -log p of the label.
  //   loss = w (1-p)^f nll;  dloss/dz_c = w (1-p)^f (1 + f p nll / (1-p)) (p_c - [c = label])
  float focal(float nll, float total, std::int32_t label, float* to) const {
    const float p = to[label] / total;
    float rest = 0;  // 1 - p, without cancellation
    for (std::int64_t c = 0; c < classes; ++c) rest += c == label ? 0.0F : to[c] / total;
    const float own = weight(label) / divisor;
    const float damped = own * std::pow(rest, focus);
    // p nll / (1-p) goes to 1 where p does.
    const float share = rest > 0 ? p * nll / rest : 1.0F;
    const float slope = damped * (1.0F + focus * share);
    for (std::int64_t c = 0; c < classes; ++c) to[c] = slope * (to[c] / total);
    to[label] = -slope * rest;
    return damped * nll;
  }
  [[nodiscard]] float weight(std::int64_t c) const { return weights[static_cast<std::size_t>(c)]; }
};

void cross_entropy(const engine::CrossEntropy& p) {
  const Tensor& z = *p.scores;
  const std::span<const std::int32_t> labels = p.labels->span<std::int32_t>();
  RowLoss loss{z.data<float>(), z.dim(1), p.class_weights, 0, p.smoothing, p.focus, 0};
  for (const float w : p.class_weights) loss.all_weights += w;
  double divisor = 0;
  for (const std::int32_t label : labels) {
    if (label != p.ignore) divisor += static_cast<double>(loss.weight(label));
  }
  float* dz = p.dscores->mutable_data<float>();
  std::fill_n(dz, p.dscores->size(), 0.0F);
  std::vector<double> total = {0.0};
  loss.divisor = static_cast<float>(divisor);
  if (divisor > 0) {
    total = sum_rows(z.dim(0), 1, [&](std::int64_t begin, std::int64_t end, float* sum) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int32_t label = labels[static_cast<std::size_t>(row)];
        if (label != p.ignore) *sum += loss(row, label, dz);
      }
    });
  }
  store(total.data(), p.loss);
}

void largest_scores(const engine::LargestScores& p) {
  const std::int64_t channels = p.scores->dim(1);
  const float* values = p.scores->data<float>();
  auto* classes = p.classes->mutable_data<std::int32_t>();
  float* confidence = p.confidence == nullptr ? nullptr : p.confidence->mutable_data<float>();
  parallel_for(p.scores->dim(0), 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const float* first = values + row * channels;
      const float* best = std::max_element(first, first + channels);
      const bool is_number =
          std::none_of(first, first + channels, [](float z) { return std::isnan(z); });
      classes[row] = is_number ? static_cast<std::int32_t>(best - first) : -1;
      if (confidence == nullptr) continue;
      double sum = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        sum += std::exp(static_cast<double>(first[c] - *best));
      }
      confidence[row] = static_cast<float>(1 / sum);
    }
  });
}

}  // namespace

void CpuBackend::offer_losses() {
  offer_trained<find_wrong_label>();
  offer_trained<cross_entropy>();
  offer_trained<largest_scores>();
}

}  // namespace voxloom::cpu
