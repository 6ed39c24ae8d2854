// Convolution problems on made-up maps: each algorithm is checked on any mix of sizes, whatever
// geometry could or could not produce.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "core/random.h"
#include "cpu/kernel_table.h"
#include "engine/choice.h"
#include "engine/convolution.h"
#include "support/oracle_bridge.h"
#include "voxloom/isa.h"

namespace voxloom::test {

struct MapShape {
  std::int64_t in_rows = 0, out_rows = 0, volume = 1;
  double density = 0.4;   // share of (output row, offset) pairs with an entry
  bool permuted = false;  // ranks differ from rows
  // No output row in more than one entry; a share of 1 - density in none.
  bool single_partner = false;
};

// Rows on a line; ranks differ from rows where it is permuted.
inline CoordinateSet line_of_rows(std::int64_t count, bool permuted, Random& random) {
  std::vector<Coordinate> rows(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].x = static_cast<std::int32_t>(i);
  for (std::size_t i = rows.size(); permuted && i > 1; --i) {
    std::swap(rows[i - 1], rows[random.next() % i]);
  }
  return CoordinateSet::from_rows(rows);
}

struct MadeUpMap {
  std::vector<MapEntry> entries;
  KernelMap map;

  explicit MadeUpMap(const MapShape& shape, std::uint64_t seed = 7)
      : MadeUpMap(shape, Random(seed)) {}

  // body(in_row, out_row, k).
  void each(const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& body) const {
    for (const MapEntry& e : entries) body(e.in_row, e.out_row, e.k);
  }

 private:
  MadeUpMap(const MapShape& shape, Random random)
      : entries(made_up(shape, random)),
        map(kernel_map_from_pairs(line_of_rows(shape.in_rows, false, random),
                                  line_of_rows(shape.out_rows, shape.permuted, random),
                                  shape.volume, entries)) {}

  static std::vector<MapEntry> made_up(const MapShape& shape, Random& random) {
    std::vector<MapEntry> entries;
    const auto below = [&](std::int64_t most) {
      return static_cast<std::int32_t>(random.next() % static_cast<std::uint64_t>(most));
    };
    for (std::int32_t row = 0; row < shape.out_rows; ++row) {
      const std::int32_t only_k = below(shape.volume);
      for (std::int32_t k = 0; k < shape.volume; ++k) {
        if (shape.in_rows == 0 || random.uniform() >= static_cast<float>(shape.density)) continue;
        if (shape.single_partner && only_k != k) continue;
        entries.push_back({below(shape.in_rows), row, k});
      }
    }
    return entries;
  }
};

inline Tensor random_tensor(Random& random, Shape shape, DType dtype) {
  Tensor tensor = Tensor::empty(std::move(shape), DType::f32);
  for (float& value : tensor.mutable_span<float>()) value = random.uniform(-1.0F, 1.0F);
  return tensor.to(dtype);
}

// A float64 sum per element, the magnitude and the number of its products.
struct Sums {
  std::vector<double> value, magnitude;
  std::vector<std::int64_t> products;

  explicit Sums(std::int64_t count)
      : value(static_cast<std::size_t>(count)), magnitude(value.size()), products(value.size()) {}
  void add(std::int64_t at, double product) {
    const auto i = static_cast<std::size_t>(at);
    value[i] += product;
    magnitude[i] += std::fabs(product);
    ++products[i];
  }
  // Both bounds of semantics.md, section 5.
  [[nodiscard]] std::vector<double> bounds() const {
    std::vector<double> result(value.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = std::min(oracle::always_bound(products[i], magnitude[i]),
                           oracle::zero_mean_bound(magnitude[i]));
    }
    return result;
  }
};

// Runs `body` once for each instruction set of this machine.
inline void on_each_isa(const std::function<void(const std::string&)>& body) {
  const std::string before = current_isa();
  for (const std::string& isa : isa_names()) {
    set_isa(isa);
    body(isa);
  }
  set_isa(before);
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() && std::equal(a.raw(), a.raw() + a.bytes(), b.raw());
}

}  // namespace voxloom::test
