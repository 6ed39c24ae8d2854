#include "engine/spread.h"

#include "cpu/backend.h"
#include "cpu/loops.h"

namespace voxloom::cpu {
namespace {

void spread_rows(const engine::SpreadRows& p) {
  const std::int64_t channels = p.y->dim(1);
  const float* x = p.x->data<float>();
  const float* divisors = p.divisors == nullptr ? nullptr : p.divisors->data<float>();
  float* y = p.y->mutable_data<float>();
  for_rows(p.y->dim(0), channels, [&](std::int64_t i) {
    const std::int64_t row = p.rows.empty() ? i : p.rows[static_cast<std::size_t>(i)];
    float* to = y + i * channels;
    if (row < 0) return static_cast<void>(std::fill_n(to, channels, 0.0F));
    const float* from = x + row * channels;
    const float divisor = divisors != nullptr && divisors[row] > 0.0F ? divisors[row] : 1.0F;
    for (std::int64_t c = 0; c < channels; ++c) to[c] = from[c] / divisor;
  });
}

void scatter_to_chosen(const engine::ScatterToChosen& p) {
  const std::int64_t channels = p.dy->dim(1);
  const auto* chosen = p.chosen->data<std::int32_t>();
  const float* dy = p.dy->data<float>();
  float* dx = p.dx->mutable_data<float>();
  for_ranges(p.dx->size(),
             [&](std::int64_t begin, std::int64_t end) { std::fill(dx + begin, dx + end, 0.0F); });
  for_ranges(p.dy->size(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      if (chosen[i] >= 0) dx[chosen[i] * channels + i % channels] = dy[i];
    }
  });
}

void gather_chosen(const engine::GatherChosen& p) {
  const std::int64_t channels = p.x->dim(1);
  const auto* chosen = p.chosen->data<std::int32_t>();
  const float* x = p.x->data<float>();
  float* y = p.y->mutable_data<float>();
  for_rows(p.chosen->dim(0), channels, [&](std::int64_t row) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t i = row * channels + c;
      y[i] = chosen[i] < 0 ? 0.0F : x[chosen[i] * channels + c];
    }
  });
}

}  // namespace

void CpuBackend::offer_spreads() {
  offer_trained<spread_rows>();
  offer_trained<scatter_to_chosen>();
  offer_trained<gather_chosen>();
}

}  // namespace voxloom::cpu
