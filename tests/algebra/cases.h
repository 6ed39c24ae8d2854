// Random operands for the algebra tests: the library's tensor beside the oracle's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oracle/algebra.h"
#include "oracle/random.h"
#include "support/oracle_bridge.h"
#include "voxloom/algebra.h"

namespace voxloom::test {

struct Operand {
  SparseTensor tensor;
  oracle::Sparse expected;
};

inline Operand operand_on(const std::vector<oracle::Coord>& coords, std::int64_t channels,
                          DType dtype, std::uint64_t seed,
                          std::optional<std::int64_t> batch_size = {}) {
  oracle::Random random(seed);
  oracle::Features features =
      oracle::random_features(random, oracle::row_count(coords), channels, rounding_of(dtype));
  return {sparse_tensor(to_rows(coords), to_tensor(features, dtype), {.batch_size = batch_size}),
          {coords, features}};
}

struct Pair {
  std::string name;
  std::vector<oracle::Coord> lhs, rhs;
};

// Overlapping, contained, disjoint, equal and empty pairs of sets.
inline std::vector<Pair> coordinate_pairs() {
  oracle::Random random(3);
  const auto a = oracle::random_coords(random, {.count = 150, .start = {-6, -6, -6}});
  const auto b =
      oracle::random_coords(random, {.count = 150, .start = {-6, -6, -6}, .batches = {0, 0, 0, 2}});
  const auto far = oracle::random_coords(random, {.count = 50, .start = {90, 90, 90}});
  const std::vector<oracle::Coord> part(a.begin() + 20, a.begin() + 70);
  const auto shuffled = oracle::permuted(a, oracle::random_permutation(random, 150));
  const auto ends = oracle::random_coords(
      random, {.count = 60, .extent = {3, 3, 3}, .scatter = oracle::Scatter::kBothEnds});
  return {{"overlap", a, b},    {"contained", a, part},     {"contains", part, a},
          {"disjoint", a, far}, {"reordered", a, shuffled}, {"empty_rhs", a, {}},
          {"empty_lhs", {}, b}, {"both_empty", {}, {}},     {"ends", ends, a}};
}

inline const std::vector<std::pair<Join, oracle::Join>>& joins() {
  static const std::vector<std::pair<Join, oracle::Join>> all = {
      {Join::inner, oracle::Join::kInner},
      {Join::left, oracle::Join::kLeft},
      {Join::right, oracle::Join::kRight},
      {Join::outer, oracle::Join::kOuter}};
  return all;
}

// Same rows in the same order, and every value the oracle's, rounded once to the dtype.
inline void expect_same(const SparseTensor& actual, const oracle::Sparse& expected) {
  ASSERT_EQ(to_coords(actual.coords()), expected.coords);
  ASSERT_EQ(actual.channels(), expected.feats.channels);
  const std::vector<double> values = to_doubles(actual.features());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double in_float = oracle::round_to_f32(expected.feats.v[i]);
    const double rounded = rounding_of(actual.dtype())(in_float);
    if (std::isnan(rounded)) {
      ASSERT_TRUE(std::isnan(values[i])) << "element " << i;
    } else {
      ASSERT_EQ(values[i], rounded) << "element " << i;
    }
  }
}

}  // namespace voxloom::test
