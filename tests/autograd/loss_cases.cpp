// The losses, in binary64 from their definitions.

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "autograd/cases.h"
#include "oracle/dense.h"

namespace voxloom::test {
namespace {

using autograd::Tape;
using Variables = std::vector<Variable>;

constexpr std::int64_t kClasses = 4;
const std::vector<std::int32_t> kLabels = {0, 2, 1, -1, 2, 2, 0, -1, 1, 0, 2};

Tensor labels() { return Tensor::from(kLabels, {static_cast<std::int64_t>(kLabels.size())}); }

double cross_entropy(const oracle::Features& p, const std::vector<double>& weights,
                     double smoothing, double focus) {
  double total = 0, divisor = 0;
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const std::int32_t label = kLabels[static_cast<std::size_t>(row)];
    if (label < 0) continue;
    const double own = weights[static_cast<std::size_t>(label)];
    total -=
        std::pow(1 - p.at(row, label), focus) * (1 - smoothing) * own * std::log(p.at(row, label));
    for (std::int64_t c = 0; c < kClasses; ++c) {
      total -= smoothing / kClasses * weights[static_cast<std::size_t>(c)] * std::log(p.at(row, c));
    }
    divisor += own;
  }
  return total / divisor;
}

// The Jaccard loss of a class when the rows of `wrong` are taken for something else.
double jaccard_loss(std::int32_t which, const std::set<std::size_t>& wrong) {
  double inside = 0, together = 0;
  for (std::size_t i = 0; i < kLabels.size(); ++i) {
    if (kLabels[i] < 0) continue;
    const bool member = kLabels[i] == which;
    if (member && !wrong.contains(i)) inside += 1;
    if (member || wrong.contains(i)) together += 1;
  }
  return 1 - inside / together;
}

// The Lovasz extension as a sum over level sets: each set function value is worked out afresh.
double lovasz(const oracle::Features& p, std::int32_t which) {
  std::vector<std::size_t> order;
  std::vector<double> errors(kLabels.size());
  for (std::size_t i = 0; i < kLabels.size(); ++i) {
    if (kLabels[i] < 0) continue;
    const double own = p.at(static_cast<std::int64_t>(i), which);
    errors[i] = kLabels[i] == which ? 1 - own : own;
    order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return errors[a] > errors[b]; });
  std::set<std::size_t> wrong;
  double loss = 0;
  for (const std::size_t i : order) {
    const double before = jaccard_loss(which, wrong);
    wrong.insert(i);
    loss += errors[i] * (jaccard_loss(which, wrong) - before);
  }
  return loss;
}

GradientCase cross_entropy_case(const std::string& name, const std::vector<double>& weights,
                                double smoothing, double focus = 0) {
  autograd::CrossEntropyOptions options{.label_smoothing = static_cast<float>(smoothing),
                                        .focus = static_cast<float>(focus)};
  if (!weights.empty()) options.class_weights = to_tensor(weights, {kClasses});
  return {.name = name,
          .operation = "cross_entropy",
          .inputs = {{{static_cast<std::int64_t>(kLabels.size()), kClasses}}},
          .library =
              [=](Tape&, const Variables& v) {
                return autograd::cross_entropy(v[0], beside(v[0], labels()), options);
              },
          .oracle =
              [=](const Arrays& a) {
                const auto p = oracle::softmax(features_of(a[0], kClasses));
                const std::vector<double> ones(kClasses, 1.0);
                return std::vector<double>{
                    cross_entropy(p, weights.empty() ? ones : weights, smoothing, focus)};
              }};
}

constexpr std::int64_t kTargetRows = 7, kTargetChannels = 3;
const std::vector<double> kRowWeights = {1, 0.5, 0, 2, 1, 0.25, 0};

// Targets in (0, 1), none at a kink of a loss for what the inputs are.
double target(std::size_t i) { return 0.05 + 0.9 * static_cast<double>(i * 7 % 21) / 21; }

using LibraryLoss = std::function<Variable(const Variable&, const Tensor&, const Tensor&)>;

GradientCase element_case(const std::string& name, const std::string& operation, bool is_weighted,
                          const LibraryLoss& library,
                          const std::function<double(double, double)>& term) {
  std::vector<double> targets;
  for (std::size_t i = 0; i < kTargetRows * kTargetChannels; ++i) targets.push_back(target(i));
  return {
      .name = name,
      .operation = operation,
      .inputs = {{{kTargetRows, kTargetChannels}, 0.5}},
      .library =
          [=](Tape&, const Variables& v) {
            const Tensor weights =
                is_weighted ? beside(v[0], to_tensor(kRowWeights, {kTargetRows})) : Tensor{};
            return library(v[0], beside(v[0], to_tensor(targets, {kTargetRows, kTargetChannels})),
                           weights);
          },
      .oracle =
          [=](const Arrays& a) {
            double total = 0, divisor = 0;
            for (std::size_t i = 0; i < a[0].size(); ++i) {
              const double weight = is_weighted ? kRowWeights[i / kTargetChannels] : 1;
              total += weight * term(a[0][i], static_cast<double>(static_cast<float>(targets[i])));
              divisor += weight;
            }
            return std::vector<double>{total / divisor};
          }};
}

double smooth_l1_of(double x, double t, double beta) {
  const double away = std::abs(x - t);
  return away < beta ? away * away / (2 * beta) : away - beta / 2;
}

double binary_of(double x, double t, double positive) {
  const double s = 1 / (1 + std::exp(-x));
  return -positive * t * std::log(s) - (1 - t) * std::log(1 - s);
}

std::vector<GradientCase> element_loss_cases() {
  using autograd::binary_cross_entropy, autograd::smooth_l1, autograd::squared_error;
  std::vector<GradientCase> cases;
  for (const bool is_weighted : {false, true}) {
    const std::string ending = is_weighted ? "OfWeightedRows" : "";
    cases.push_back(element_case(
        "SquaredError" + ending, "squared_error", is_weighted,
        [](const auto& x, const auto& t, const auto& w) { return squared_error(x, t, w); },
        [](double x, double t) { return (x - t) * (x - t); }));
    cases.push_back(element_case(
        "SmoothL1" + ending, "smooth_l1", is_weighted,
        [](const auto& x, const auto& t, const auto& w) { return smooth_l1(x, t, 0.25F, w); },
        [](double x, double t) { return smooth_l1_of(x, t, 0.25); }));
    cases.push_back(element_case(
        "BinaryCrossEntropy" + ending, "binary_cross_entropy", is_weighted,
        [](const auto& x, const auto& t, const auto& w) {
          return binary_cross_entropy(x, t, 2.5F, w);
        },
        [](double x, double t) { return binary_of(x, t, 2.5); }));
  }
  return cases;
}

}  // namespace

std::vector<GradientCase> loss_cases() {
  std::vector<GradientCase> cases = element_loss_cases();
  const std::vector<GradientCase> of_classes = {
      cross_entropy_case("CrossEntropy", {}, 0),
      cross_entropy_case("CrossEntropyWeightedAndSmoothed", {0.5, 2, 1.5, 0.25}, 0.125),
      cross_entropy_case("CrossEntropyFocused", {}, 0, 2),
      cross_entropy_case("CrossEntropyWeightedAndFocused", {0.5, 2, 1.5, 0.25}, 0, 0.5),
      {.name = "LovaszSoftmax",
       .operation = "lovasz_softmax",
       .inputs = {{{static_cast<std::int64_t>(kLabels.size()), kClasses}}},
       .library =
           [](Tape&, const Variables& v) {
             return autograd::lovasz_softmax(v[0], beside(v[0], labels()));
           },
       .oracle =
           [](const Arrays& a) {
             const auto p = oracle::softmax(features_of(a[0], kClasses));
             // Class 3 has no row.
             return std::vector<double>{(lovasz(p, 0) + lovasz(p, 1) + lovasz(p, 2)) / 3};
           }}};
  cases.insert(cases.end(), of_classes.begin(), of_classes.end());
  return cases;
}

}  // namespace voxloom::test
