#include "autograd/cases.h"
#include "oracle/algebra.h"
#include "oracle/dense.h"

namespace voxloom::test {
namespace {

using autograd::Tape;
using Variables = std::vector<Variable>;

constexpr std::int64_t kChannels = 3;

// Two sets that share about half of their rows.
struct Pair {
  CaseSet a = case_set(11, 20, {3, 3, 3}, {0});
  CaseSet b = case_set(12, 18, {3, 3, 3}, {0});

  [[nodiscard]] std::vector<CaseInput> inputs() const {
    return {{{a.set.size(), kChannels}}, {{b.set.size(), kChannels}}};
  }
  [[nodiscard]] oracle::Sparse first(const Arrays& v) const {
    return {a.coords, features_of(v[0], kChannels)};
  }
  [[nodiscard]] oracle::Sparse second(const Arrays& v) const {
    return {b.coords, features_of(v[1], kChannels)};
  }
};

GradientCase binary_case(const std::string& name, BinaryOp op, oracle::BinaryOp expected, Join join,
                         oracle::Join expected_join) {
  const Pair pair;
  return {.name = name,
          .operation = "binary",
          .inputs = pair.inputs(),
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::binary(op, Variable(v[0], pair.a.set), Variable(v[1], pair.b.set),
                                        {.join = join, .lhs_fill = 0.25F, .rhs_fill = -0.5F});
              },
          .oracle =
              [=](const Arrays& v) {
                return oracle::binary(expected, expected_join, pair.first(v), pair.second(v), 0.25,
                                      -0.5)
                    .feats.v;
              }};
}

std::vector<GradientCase> binary_cases() {
  using O = oracle::BinaryOp;
  using J = oracle::Join;
  return {binary_case("AddOuter", BinaryOp::add, O::kAdd, Join::outer, J::kOuter),
          binary_case("SubInner", BinaryOp::sub, O::kSub, Join::inner, J::kInner),
          binary_case("MulInner", BinaryOp::mul, O::kMul, Join::inner, J::kInner),
          binary_case("MulOuter", BinaryOp::mul, O::kMul, Join::outer, J::kOuter),
          binary_case("MaximumLeft", BinaryOp::maximum, O::kMaximum, Join::left, J::kLeft),
          binary_case("MinimumRight", BinaryOp::minimum, O::kMinimum, Join::right, J::kRight)};
}

// The usual sum of a residual block: one set, nothing to look up, and an operand used twice.
GradientCase same_set_case() {
  const CaseSet s = case_set(13, 10);
  return {.name = "AddOnOneSetAndUseTwice",
          .operation = "binary",
          .inputs = {{{s.set.size(), 2}}, {{s.set.size(), 2}}},
          .library =
              [=](Tape&, const Variables& v) {
                const Variable x(v[0], s.set), y(v[1], s.set);
                return autograd::add(autograd::mul(x, y), autograd::add(x, x));
              },
          .oracle =
              [](const Arrays& v) {
                std::vector<double> result;
                for (std::size_t i = 0; i < v[0].size(); ++i) {
                  result.push_back(v[0][i] * v[1][i] + 2 * v[0][i]);
                }
                return result;
              }};
}

GradientCase cat_case(const std::string& name, Join join, oracle::Join expected) {
  const Pair pair;
  return {.name = name,
          .operation = "cat",
          .inputs = pair.inputs(),
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::cat(
                    std::array{Variable(v[0], pair.a.set), Variable(v[1], pair.b.set)}, join);
              },
          .oracle =
              [=](const Arrays& v) {
                return oracle::cat(expected, {pair.first(v), pair.second(v)}).feats.v;
              }};
}

std::vector<GradientCase> selection_cases() {
  const Pair pair;
  const CaseSet& s = pair.a;
  const auto input = std::vector<CaseInput>{{{s.set.size(), kChannels}}};
  return {{.name = "Reindex",
           .operation = "reindex",
           .inputs = input,
           .library =
               [=](Tape&, const Variables& v) {
                 return autograd::reindex(Variable(v[0], s.set), pair.b.set, 0.5F);
               },
           .oracle =
               [=](const Arrays& v) {
                 return oracle::reindex(pair.first(v), pair.b.coords, 0.5).feats.v;
               }},
          {.name = "Crop",
           .operation = "reindex",
           .inputs = input,
           .library =
               [=](Tape&, const Variables& v) {
                 return autograd::crop(Variable(v[0], s.set), {-1, -2, -1}, {0, 1, 0});
               },
           .oracle =
               [=](const Arrays& v) {
                 return oracle::crop(pair.first(v), {-1, -2, -1}, {0, 1, 0}).feats.v;
               }},
          {.name = "Prune",
           .operation = "reindex",
           .inputs = input,
           .library =
               [=](Tape&, const Variables& v) {
                 return autograd::prune(Variable(v[0], s.set), std::vector<std::int32_t>{7, 0, 3});
               },
           .oracle =
               [=](const Arrays& v) {
                 return oracle::prune(pair.first(v), {7, 0, 3}).feats.v;
               }}};
}

std::vector<GradientCase> arithmetic_cases() {
  return {
      {.name = "Scale",
       .operation = "scale",
       .inputs = {{{4, 3}}},
       .library = [](Tape&, const Variables& v) { return autograd::scale(v[0], -1.5F); },
       .oracle =
           [](const Arrays& v) {
             return oracle::map_values(features_of(v[0], 3), [](double x) { return -1.5 * x; }).v;
           }},
      {.name = "Plus",
       .operation = "plus",
       .inputs = {{{4, 3}}, {{4, 3}}},
       .library = [](Tape&, const Variables& v) { return autograd::plus(v[0], v[1]); },
       .oracle =
           [](const Arrays& v) {
             std::vector<double> y = v[0];
             for (std::size_t i = 0; i < y.size(); ++i) y[i] += v[1][i];
             return y;
           }},
      {.name = "Reshape",
       .operation = "reshape",
       .inputs = {{{4, 3}}},
       .library =
           [](Tape&, const Variables& v) {
             return autograd::reshape(v[0], {2, 6});
           },
       .oracle = [](const Arrays& v) { return v[0]; }},
      {.name = "Sum",
       .operation = "sum",
       .inputs = {{{300, 3}}},
       .library = [](Tape&, const Variables& v) { return autograd::sum(v[0]); },
       .oracle =
           [](const Arrays& v) {
             double total = 0;
             for (const double x : v[0]) total += x;
             return std::vector<double>{total};
           }}};
}

}  // namespace

std::vector<GradientCase> join_cases() {
  std::vector<GradientCase> cases = binary_cases();
  cases.push_back(same_set_case());
  cases.push_back(cat_case("CatInner", Join::inner, oracle::Join::kInner));
  cases.push_back(cat_case("CatOuter", Join::outer, oracle::Join::kOuter));
  for (GradientCase& c : selection_cases()) cases.push_back(std::move(c));
  for (GradientCase& c : arithmetic_cases()) cases.push_back(std::move(c));
  return cases;
}

}  // namespace voxloom::test
