#include "engine/arithmetic.h"

#include "core/random.h"
#include "cpu/backend.h"
#include "cpu/loops.h"

namespace voxloom::cpu {
namespace {

void combine(const engine::Combine& problem) {
  const float p = problem.p, q = problem.q;
  if (problem.b == nullptr) {
    return transform_elements(*problem.a, *problem.y, [p](float v) { return p * v; });
  }
  zip_elements(*problem.a, *problem.b, *problem.y,
               [p, q](float u, float v) { return p * u + q * v; });
}

void multiply(const engine::Multiply& problem) {
  zip_elements(*problem.a, *problem.b, *problem.y, [](float u, float v) { return u * v; });
  if (problem.c == nullptr) return;
  zip_elements(*problem.y, *problem.c, *problem.y, [](float u, float v) { return u + v; });
}

void multiply_by_element(const engine::MultiplyByElement& problem) {
  const auto factor =
      static_cast<float>(static_cast<double>(problem.factor->data<float>()[0]) / problem.divisor);
  if (problem.x != nullptr) {
    return transform_elements(*problem.x, *problem.y, [factor](float v) { return v * factor; });
  }
  std::ranges::fill(problem.y->mutable_span<float>(), factor);
}

void sum(const engine::Sum& problem) {
  const float* values = problem.x->data<float>();
  const std::vector<double> total =
      sum_rows(problem.x->size(), 1, [&](std::int64_t begin, std::int64_t end, float* out) {
        for (std::int64_t i = begin; i < end; ++i) *out += values[i];
      });
  store(total.data(), problem.y);
}

void dropout(const engine::Dropout& problem) {
  const float* from = problem.x->data<float>();
  float* to = problem.y->mutable_data<float>();
  const float gain = 1.0F / (1.0F - problem.probability);
  for_ranges(problem.x->size(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      Random draws = Random::at(problem.seed, static_cast<std::uint64_t>(i));
      to[i] = draws.uniform() >= problem.probability ? from[i] * gain : 0.0F;
    }
  });
}

}  // namespace

void CpuBackend::offer_arithmetic() {
  offer_only<combine>();
  offer_only<multiply>();
  offer_only<multiply_by_element>();
  offer_only<sum>();
  offer_only<dropout>();
}

}  // namespace voxloom::cpu
