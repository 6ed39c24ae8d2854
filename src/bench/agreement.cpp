#include "bench/agreement.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "coords/coordinate_set_impl.h"
#include "coords/map_blocks.h"
#include "engine/backend.h"

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
engine::WeightView absolute_of_packed(const engine::WeightView& view, Tensor& storage) {
  storage = Tensor::empty({view.volume, view.in, view.out}, DType::f32);
  float* element = storage.mutable_data<float>();
  for (std::int64_t k = 0; k < view.volume; ++k) {
    for (std::int64_t i = 0; i < view.in; ++i) {
      for (std::int64_t o = 0; o < view.out; ++o) {
        *element++ = std::abs(view.packed->value(k, i, o));
      }
    }
  }
  engine::WeightView result = view;
  result.packed.reset();
  result.stride_k = view.in * view.out;
  result.stride_i = view.out;
  result.stride_o = 1;
  return result;
}

// |W| in float32; `storage` holds its elements. The same strides fit a dense one.
engine::WeightView absolute_weight(const engine::WeightView& view, Tensor& storage) {
  engine::WeightView result = view;
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

// The map of the first output rows, as many as the reference can afford, in canonical order: what an
// algorithm does with whole blocks it does here too.
class AffordablePart {
 public:
  AffordablePart(const engine::MapRef& map, double flops_per_pair) : map_(map) {
    const double flops = static_cast<double>(map.entries()) * flops_per_pair;
    if (flops <= kAffordableFlops) return;
    const double rows = static_cast<double>(map.out_rows()) * kAffordableFlops / flops;
    constexpr double kBlock = kBlockRows;
    const auto most = static_cast<std::int64_t>(std::ceil(rows / kBlock) * kBlock);
    if (most >= map.out_rows()) return;
    if (map.is_identity()) {
      map_ = engine::MapRef::identity(most);
    } else {
      part_ = first_rows(map.map(), most);
      map_ = engine::MapRef(*part_);
    }
  }
  AffordablePart(const AffordablePart&) = delete;
  AffordablePart& operator=(const AffordablePart&) = delete;

  [[nodiscard]] const engine::MapRef& map() const { return map_; }
  // The rows of a tensor that lie on the part, in its order.
  [[nodiscard]] Tensor rows_of(const Tensor& whole) const {
    if (!part_) return whole.rows(0, map_.out_rows());
    Tensor rows = Tensor::empty({map_.out_rows(), whole.dim(1)}, whole.dtype());
    const std::size_t bytes = rows.bytes() / static_cast<std::size_t>(map_.out_rows());
    for (std::size_t i = 0; i < out_rows_.size(); ++i) {
      std::memcpy(rows.mutable_raw() + i * bytes,
                  whole.raw() + static_cast<std::size_t>(out_rows_[i]) * bytes, bytes);
    }
    return rows;
  }

 private:
  KernelMap first_rows(const KernelMap& map, std::int64_t most) {
    const CoordinateSet::Impl& target = map.target().impl();
    std::vector<Coordinate> rows;
    std::vector<std::int32_t> part_row(static_cast<std::size_t>(map.target().size()), -1);
    for (std::int32_t rank = 0; rank < most; ++rank) {
      const std::int32_t row = target.row_at(rank);
      out_rows_.push_back(row);
      part_row[static_cast<std::size_t>(row)] = rank;
      rows.push_back(map.target()[row]);
    }
    std::vector<MapEntry> entries;
    for (MapEntry entry : map.triples()) {
      entry.out_row = part_row[static_cast<std::size_t>(entry.out_row)];
      if (entry.out_row >= 0) entries.push_back(entry);
    }
    return kernel_map_from_pairs(map.source(), CoordinateSet::from_rows(rows), map.volume(),
                                 entries);
  }

  std::vector<std::int32_t> out_rows_;  // of the whole
  std::optional<KernelMap> part_;
  engine::MapRef map_;
};

const engine::Algorithm<engine::ConvForward>& forward_reference() {
  return engine::cpu_backend().algorithms<engine::ConvForward>().back();
}
const engine::Algorithm<engine::ConvWeightGradient>& gradient_reference() {
  return engine::cpu_backend().algorithms<engine::ConvWeightGradient>().back();
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
Tensor magnitudes_of(engine::ConvForward problem) {
  const Tensor x = absolute(*problem.x);
  Tensor weight;
  const Tensor bias = problem.bias != nullptr ? absolute(*problem.bias) : Tensor();
  Tensor y = Tensor::zeros(problem.y->shape(), DType::f32);
  problem.x = &x;
  problem.weight = absolute_weight(problem.weight, weight);
  problem.bias = problem.bias != nullptr ? &bias : nullptr;
  problem.y = &y;
  forward_reference().run(problem);
  return y;
}

Tensor magnitudes_of(engine::ConvWeightGradient problem) {
  const Tensor x = absolute(*problem.x);
  const Tensor dy = absolute(*problem.dy);
  Tensor dw = Tensor::zeros(problem.dw->shape(), DType::f32);
  problem.x = &x;
  problem.dy = &dy;
  problem.dw = &dw;
  gradient_reference().run(problem);
  return dw;
}

}  // namespace

double error_share(const engine::Algorithm<engine::ConvForward>& algorithm,
                   const engine::ConvForward& problem, bool zero_mean) {
  const engine::WeightView& w = problem.weight;
  const std::int64_t channels = w.groups * w.out;
  const AffordablePart part(problem.map, dense_flops(w.in, w.out, w.groups));
  engine::ConvForward plain = problem;
  plain.map = part.map();
  plain.epilogue = {};
  Tensor got = Tensor::zeros({part.map().out_rows(), channels}, DType::f32);
  Tensor wanted = got.clone();
  plain.y = &got;
  algorithm.run(plain);
  plain.y = &wanted;
  forward_reference().run(plain);
  const Tensor magnitudes = magnitudes_of(plain);
  const Bound bound{static_cast<double>(w.volume * w.in), zero_mean};
  return worst_share(got.span<float>(), wanted.span<float>(), magnitudes.span<float>(), bound);
}

double error_share(const engine::Algorithm<engine::ConvWeightGradient>& algorithm,
                   const engine::ConvWeightGradient& problem, bool zero_mean) {
  const std::int64_t in = problem.x->dim(1) / problem.groups;
  const std::int64_t out = problem.dy->dim(1) / problem.groups;
  const AffordablePart affordable(problem.map, dense_flops(in, out, problem.groups));
  const Tensor dy = affordable.rows_of(*problem.dy);
  engine::ConvWeightGradient part = problem;
  part.map = affordable.map();
  part.dy = &dy;
  Tensor got = Tensor::zeros(problem.dw->shape(), DType::f32);
  Tensor wanted = got.clone();
  part.dw = &got;
  algorithm.run(part);
  part.dw = &wanted;
  gradient_reference().run(part);
  const Bound bound{static_cast<double>(part.map.out_rows()), zero_mean};
  return worst_share(got.span<float>(), wanted.span<float>(), magnitudes_of(part).span<float>(),
                     bound);
}

}  // namespace voxloom::bench
