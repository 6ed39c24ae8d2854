// Convolution problems on made-up maps: each algorithm is checked on any mix of sizes, whatever
// geometry could or could not produce.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "coords/map_blocks.h"
#include "core/random.h"
#include "cpu/convolution.h"
#include "support/oracle_bridge.h"
#include "voxloom/isa.h"

namespace voxloom::test {

struct MapShape {
  std::int64_t in_rows = 0, out_rows = 0, volume = 1;
  double density = 0.4;   // share of (output row, offset) pairs with an entry
  bool permuted = false;  // ranks differ from rows
  // No output row in more than one entry; a share of 1 - density in none. Known to the map.
  bool single_partner = false;
};

struct MadeUpMap {
  BlockedEntries entries;
  std::vector<std::int32_t> row_of_rank;
  MapBlocks blocks;

  explicit MadeUpMap(const MapShape& shape, std::uint64_t seed = 7) {
    Random random(seed);
    constexpr std::int64_t kRows = BlockedEntries::kBlockRows;
    entries.begin.push_back(0);
    entries.single_partner = shape.single_partner;
    std::vector<std::int64_t> only_k(static_cast<std::size_t>(shape.out_rows));
    for (std::int64_t& k : only_k) {
      k = static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(shape.volume));
    }
    for (std::int64_t first = 0; first < shape.out_rows; first += kRows) {
      for (std::int64_t k = 0; k < shape.volume; ++k) {
        for (std::int64_t r = first; r < std::min(shape.out_rows, first + kRows); ++r) {
          if (shape.in_rows == 0 || random.uniform() >= static_cast<float>(shape.density)) continue;
          if (shape.single_partner && only_k[static_cast<std::size_t>(r)] != k) continue;
          entries.in_row.push_back(
              static_cast<std::int32_t>(random.next() % static_cast<std::uint64_t>(shape.in_rows)));
          entries.out_local.push_back(static_cast<std::uint8_t>(r - first));
        }
        entries.begin.push_back(static_cast<std::int64_t>(entries.in_row.size()));
      }
    }
    blocks.out_rows = shape.out_rows;
    blocks.volume = shape.volume;
    if (shape.permuted) {
      row_of_rank.resize(static_cast<std::size_t>(shape.out_rows));
      std::iota(row_of_rank.begin(), row_of_rank.end(), 0);
      for (std::size_t i = row_of_rank.size(); i > 1; --i) {
        std::swap(row_of_rank[i - 1], row_of_rank[random.next() % i]);
      }
      blocks.out_row_of_rank = row_of_rank;
    }
    blocks.entries = &entries;
  }
  MadeUpMap(const MadeUpMap&) = delete;
  MadeUpMap& operator=(const MadeUpMap&) = delete;

  // body(in_row, out_row, k), in map order.
  void each(const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& body) const {
    for (std::int64_t b = 0; b < blocks.block_count(); ++b) {
      for (std::int64_t k = 0; k < blocks.volume; ++k) {
        const BlockSlice slice = blocks.slice(b, k);
        for (std::int64_t e = 0; e < slice.count; ++e) {
          body(slice.in_row[e], blocks.out_row(b, slice.out_local[e]), k);
        }
      }
    }
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
