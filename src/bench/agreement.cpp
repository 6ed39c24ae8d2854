#include "bench/agreement.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace voxloom::bench {
namespace {

// What the reference, which takes one multiplication at a time, does in a few tenths of a second.
constexpr double kAffordableFlops = 2e8;

Tensor absolute(const Tensor& values) {
  Tensor result = values.to(DType::f32).clone();
  for (float& value : result.mutable_span<float>()) value = std::abs(value);
  return result;
}

// The absolute values of a packed weight, as a dense (K, in, out) one.
cpu::WeightView absolute_of_packed(const cpu::WeightView& view, Tensor& storage) {
  storage = Tensor::empty({view.volume, view.in, view.out}, DType::f32);
  float* element = storage.mutable_data<float>();
  for (std::int64_t k = 0; k < view.volume; ++k) {
    for (std::int64_t i = 0; i < view.in; ++i) {
      for (std::int64_t o = 0; o < view.out; ++o) {
        *element++ = std::abs(view.packed->value(k, i, o));
      }
    }
  }
  cpu::WeightView result = view;
  result.packed.reset();
  result.stride_k = view.in * view.out;
  result.stride_i = view.out;
  result.stride_o = 1;
  return result;
}

// |W| in float32; `storage` holds its elements. The same strides fit a dense one.
cpu::WeightView absolute_weight(const cpu::WeightView& view, Tensor& storage) {
  cpu::WeightView result = view;
  if (view.packed) {
    result = absolute_of_packed(view, storage);
  } else {
    const std::int64_t last = view.at(view.volume - 1, view.groups - 1, view.in - 1, view.out - 1);
    const std::size_t bytes = static_cast<std::size_t>(last + 1) * size_of(view.dtype);
    storage = absolute(Tensor::from_bytes({view.data, bytes}, {last + 1}, view.dtype));
  }
  result.data = storage.raw();
  result.dtype = DType::f32;
  return result;
}

std::int64_t pairs_in(const MapBlocks& map) {
  std::int64_t pairs = 0;
  for (std::int64_t block = 0; block < map.block_count(); ++block) {
    for (std::int64_t k = 0; k < map.volume; ++k) pairs += map.slice(block, k).count;
  }
  return pairs;
}

// The first blocks of the map, as many as the reference can afford.
MapBlocks affordable_part(const MapBlocks& map, double flops_per_pair) {
  MapBlocks part = map;
  const double flops = static_cast<double>(pairs_in(map)) * flops_per_pair;
  if (flops <= kAffordableFlops) return part;
  const double rows = static_cast<double>(map.out_rows) * kAffordableFlops / flops;
  constexpr double kBlock = BlockedEntries::kBlockRows;
  part.out_rows =
      std::min(map.out_rows, static_cast<std::int64_t>(std::ceil(rows / kBlock) * kBlock));
  return part;
}

struct Bound {
  double products;  // in one sum
  bool zero_mean;

  // `magnitude`: the sum of the products' absolute values, and the bias's.
  [[nodiscard]] double of(double magnitude) const {
    const double always = (products + 2) * 0x1p-24 * magnitude + 1e-30;
    return 2 * (zero_mean ? std::min(always, 4e-6 * magnitude + 1e-7) : always);
  }
};

double share_of(double got, double wanted, double allowed) {
  if (got == wanted || (std::isnan(got) && std::isnan(wanted))) return 0;
  const double share = std::abs(got - wanted) / allowed;
  return std::isnan(share) ? std::numeric_limits<double>::infinity() : share;
}

double worst_share(std::span<const float> got, std::span<const float> wanted,
                   std::span<const float> magnitudes, const Bound& bound) {
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, share_of(got[i], wanted[i], bound.of(magnitudes[i])));
  }
  return worst;
}

double dense_flops(std::int64_t in, std::int64_t out, std::int64_t groups) {
  return 2.0 * static_cast<double>(in) * static_cast<double>(out) * static_cast<double>(groups);
}

// The sums of absolute values that the bound speaks of.
Tensor magnitudes_of(cpu::ConvForward problem) {
  const Tensor x = absolute(*problem.x);
  Tensor weight;
  const Tensor bias = problem.bias != nullptr ? absolute(*problem.bias) : Tensor();
  Tensor y = Tensor::zeros(problem.y->shape(), DType::f32);
  problem.x = &x;
  problem.weight = absolute_weight(problem.weight, weight);
  problem.bias = problem.bias != nullptr ? &bias : nullptr;
  problem.y = &y;
  cpu::reference_forward(problem);
  return y;
}

Tensor magnitudes_of(cpu::ConvWeightGradient problem) {
  const Tensor x = absolute(*problem.x);
  const Tensor dy = absolute(*problem.dy);
  Tensor dw = Tensor::zeros(problem.dw->shape(), DType::f32);
  problem.x = &x;
  problem.dy = &dy;
  problem.dw = &dw;
  cpu::reference_weight_gradient(problem);
  return dw;
}

}  // namespace

double error_share(const cpu::Algorithm<cpu::ConvForward>& algorithm,
                   const cpu::ConvForward& problem, bool zero_mean) {
  const cpu::WeightView& w = problem.weight;
  const std::int64_t channels = w.groups * w.out;
  cpu::ConvForward plain = problem;
  plain.epilogue = {};
  Tensor got = Tensor::zeros({problem.y->dim(0), channels}, DType::f32);
  Tensor wanted = got.clone();
  plain.y = &got;
  algorithm.run(plain);
  plain.y = &wanted;
  plain.map = affordable_part(problem.map, dense_flops(w.in, w.out, w.groups));
  cpu::reference_forward(plain);
  const Tensor magnitudes = magnitudes_of(plain);
  const Bound bound{static_cast<double>(w.volume * w.in), zero_mean};
  double worst = 0;
  for (std::int64_t rank = 0; rank < plain.map.out_rows; ++rank) {
    const std::int64_t row =
        plain.map.out_row(rank / BlockedEntries::kBlockRows, rank % BlockedEntries::kBlockRows);
    const auto part = [&](const Tensor& t) {
      return t.span<float>().subspan(static_cast<std::size_t>(row * channels),
                                     static_cast<std::size_t>(channels));
    };
    worst = std::max(worst, worst_share(part(got), part(wanted), part(magnitudes), bound));
  }
  return worst;
}

double error_share(const cpu::Algorithm<cpu::ConvWeightGradient>& algorithm,
                   const cpu::ConvWeightGradient& problem, bool zero_mean) {
  const std::int64_t in = problem.x->dim(1) / problem.groups;
  const std::int64_t out = problem.dy->dim(1) / problem.groups;
  cpu::ConvWeightGradient part = problem;
  part.map = affordable_part(problem.map, dense_flops(in, out, problem.groups));
  Tensor got = Tensor::zeros(problem.dw->shape(), DType::f32);
  Tensor wanted = got.clone();
  part.dw = &got;
  algorithm.run(part);
  part.dw = &wanted;
  cpu::reference_weight_gradient(part);
  const Bound bound{static_cast<double>(part.map.out_rows), zero_mean};
  return worst_share(got.span<float>(), wanted.span<float>(), magnitudes_of(part).span<float>(),
                     bound);
}

}  // namespace voxloom::bench
