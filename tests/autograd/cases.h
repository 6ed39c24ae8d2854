// One declarative case per operation: inputs, what the library does with them, and the same in
// binary64. The table test checks values and gradients.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "oracle/random.h"
#include "oracle/types.h"
#include "support/oracle_bridge.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::test {

using autograd::Variable;

// Values of one input: its shape and how they are drawn.
struct CaseInput {
  Shape shape;
  double shift = 0;  // values lie in (shift - 1, shift + 1)
};

using Arrays = std::vector<std::vector<double>>;

struct GradientCase {
  std::string name;
  std::string operation;  // of autograd::operation_names()
  std::vector<CaseInput> inputs;
  std::function<Variable(autograd::Tape&, const std::vector<Variable>&)> library;
  std::function<std::vector<double>(const Arrays&)> oracle;
  std::vector<bool> constant = {};  // inputs that have no gradient: they only choose
};

// For GoogleTest's messages.
inline void PrintTo(const GradientCase& c, std::ostream* to) { *to << c.name; }

// The cases of each file.
[[nodiscard]] std::vector<GradientCase> convolution_cases();
[[nodiscard]] std::vector<GradientCase> join_cases();
[[nodiscard]] std::vector<GradientCase> pool_cases();
[[nodiscard]] std::vector<GradientCase> point_cases();
[[nodiscard]] std::vector<GradientCase> row_cases();
[[nodiscard]] std::vector<GradientCase> loss_cases();

[[nodiscard]] inline std::vector<GradientCase> all_cases() {
  std::vector<GradientCase> cases;
  for (const auto& group : {convolution_cases(), join_cases(), pool_cases(), point_cases(),
                            row_cases(), loss_cases()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  return cases;
}

// Constants that an operation reads stand where its variables stand.
[[nodiscard]] inline Tensor beside(const Variable& v, const Tensor& constant) {
  return constant.to(v.value().device());
}

// Sets to put features on.
struct CaseSet {
  std::vector<oracle::Coord> coords;
  CoordinateSet set;
};
[[nodiscard]] inline CaseSet case_set(std::uint64_t seed, std::int64_t count,
                                      const oracle::Triple& extent = {4, 4, 4},
                                      std::vector<std::int64_t> batches = {0, 1}) {
  oracle::Random random(seed);
  auto coords = oracle::random_coords(
      random, {.count = count, .start = {-2, -2, -2}, .extent = extent, .batches = batches});
  CoordinateSet set = CoordinateSet::from_rows(to_rows(coords));
  return {std::move(coords), std::move(set)};
}

[[nodiscard]] inline oracle::Features features_of(const std::vector<double>& values,
                                                  std::int64_t channels) {
  return {static_cast<std::int64_t>(values.size()) / channels, channels, values};
}

}  // namespace voxloom::test
