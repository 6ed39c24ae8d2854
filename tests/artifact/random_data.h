// Deterministic data for graphs: the same numbers on every machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "voxloom/safetensors.h"
#include "voxloom/sparse_tensor.h"

namespace voxloom::test {

// Multiples of 1/64 in [-1, 1]: exact in every float type, so sums differ only by their own rounding.
inline Tensor random_tensor(const Shape& shape, unsigned seed, DType dtype = DType::f32) {
  Tensor tensor = Tensor::empty(shape, DType::f32);
  std::mt19937 engine(seed);
  for (float& value : tensor.mutable_span<float>()) {
    value = static_cast<float>(static_cast<int>(engine() % 129) - 64) / 64.0F;
  }
  return tensor.to(dtype);
}

inline Tensor positive_tensor(const Shape& shape, unsigned seed) {
  Tensor tensor = random_tensor(shape, seed);
  for (float& value : tensor.mutable_span<float>()) value = std::abs(value) + 0.5F;
  return tensor;
}

// Up to `count` sites in two batches of a box of `extent`^3 around the origin, shuffled.
inline std::vector<Coordinate> random_sites(std::size_t count, int extent, unsigned seed) {
  std::mt19937 engine(seed);
  const auto draw = [&] {
    return static_cast<std::int32_t>(engine() % static_cast<unsigned>(extent)) - extent / 2;
  };
  std::vector<Coordinate> sites;
  for (std::size_t i = 0; i < count; ++i) {
    const Coordinate site{static_cast<std::int32_t>(engine() % 2), draw(), draw(), draw()};
    if (std::ranges::find(sites, site) == sites.end()) sites.push_back(site);
  }
  return sites;
}

struct SparseSpec {
  std::size_t sites = 40;
  int extent = 6;
  std::int64_t channels = 4;
  Triple stride = 1;
  DType dtype = DType::f32;
  unsigned seed = 1;
};

inline SparseTensor random_sparse(const SparseSpec& spec) {
  const std::vector<Coordinate> sites = random_sites(spec.sites, spec.extent, spec.seed);
  return sparse_tensor(sites,
                       random_tensor({static_cast<std::int64_t>(sites.size()), spec.channels},
                                     spec.seed + 100, spec.dtype),
                       {.stride = spec.stride, .batch_size = 2});
}

// The arrays that a graph's sparse input NAME takes: physical coordinates.
inline void add_sparse_input(TensorMap& inputs, const std::string& name, const SparseTensor& x) {
  Tensor coords = x.coords().to_tensor();
  const auto numbers = coords.mutable_span<std::int32_t>();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i % 4 != 0) numbers[i] *= x.stride()[static_cast<int>(i % 4) - 1];
  }
  inputs[name + "_coords"] = coords;
  inputs[name + "_features"] = x.features();
  inputs[name + "_active"] = Tensor::from(std::vector{static_cast<std::int32_t>(x.rows())}, {1});
}

}  // namespace voxloom::test
