#include "autograd/cases.h"
#include "core/random.h"
#include "oracle/dense.h"

namespace voxloom::test {
namespace {

using autograd::Tape;
using Variables = std::vector<Variable>;

constexpr std::int64_t kRows = 9, kRowChannels = 4;
constexpr double kEps = 1e-3;

GradientCase activation_case(const std::string& name, Activation kind, oracle::Activation expected,
                             const ActivationOptions& options = {},
                             const oracle::ActivationParams& params = {}) {
  return {.name = name,
          .operation = "activate",
          .inputs = {{{kRows, kRowChannels}}},
          .library = [=](Tape&, const Variables& v) { return activate(v[0], kind, options); },
          .oracle =
              [=](const Arrays& a) {
                return oracle::activation(features_of(a[0], kRowChannels), expected, params).v;
              }};
}

std::vector<GradientCase> activation_cases() {
  using O = oracle::Activation;
  using G = oracle::GeluApprox;
  return {activation_case("Relu", Activation::relu, O::kRelu),
          activation_case("Sigmoid", Activation::sigmoid, O::kSigmoid),
          activation_case("Tanh", Activation::tanh, O::kTanh),
          activation_case("Silu", Activation::silu, O::kSilu),
          activation_case("LeakyRelu", Activation::leaky_relu, O::kLeakyRelu, {.alpha = 0.2F},
                          {.alpha = static_cast<double>(0.2F)}),
          activation_case("Gelu", Activation::gelu, O::kGelu),
          activation_case("GeluTanh", Activation::gelu, O::kGelu, {.approximate = GeluApprox::tanh},
                          {.approximate = G::kTanh}),
          activation_case("GeluFast", Activation::gelu, O::kGelu, {.approximate = GeluApprox::fast},
                          {.approximate = G::kFast}),
          activation_case("Softplus", Activation::softplus, O::kSoftplus,
                          {.beta = 2.0F, .threshold = 1.0F}, {.beta = 2.0, .threshold = 1.0})};
}

std::vector<GradientCase> other_row_cases() {
  return {
      {.name = "Exp",
       .operation = "exp",
       .inputs = {{{kRows, kRowChannels}}},
       .library = [](Tape&, const Variables& v) { return autograd::exp(v[0]); },
       .oracle =
           [](const Arrays& a) { return oracle::exp_values(features_of(a[0], kRowChannels)).v; }},
      {.name = "Softmax",
       .operation = "softmax",
       .inputs = {{{kRows, kRowChannels}}},
       .library = [](Tape&, const Variables& v) { return autograd::softmax(v[0]); },
       .oracle =
           [](const Arrays& a) { return oracle::softmax(features_of(a[0], kRowChannels)).v; }},
      {.name = "Linear",
       .operation = "linear",
       .inputs = {{{kRows, kRowChannels}}, {{3, kRowChannels}}, {{3}}},
       .library =
           [](Tape&, const Variables& v) {
             return autograd::linear(v[0], {v[1], v[2]});
           },
       .oracle =
           [](const Arrays& a) {
             return oracle::linear(features_of(a[0], kRowChannels), features_of(a[1], kRowChannels),
                                   a[2])
                 .sums.value;
           }},
      {.name = "EmbeddingLookup",
       .operation = "embedding_lookup",
       .inputs = {{{5, 3}}},
       .library =
           [](Tape&, const Variables& v) {
             return autograd::embedding_lookup(
                 beside(v[0], Tensor::from<std::int32_t>({4, 0, 4, 2, 4, 0}, {3, 2})), v[0]);
           },
       .oracle =
           [](const Arrays& a) {
             return oracle::embedding_lookup({4, 0, 4, 2, 4, 0}, features_of(a[0], 3)).v;
           }}};
}

const std::vector<CaseInput>& norm_inputs() {
  static const std::vector<CaseInput> inputs = {
      {{kRows, kRowChannels}, 0.5}, {{kRowChannels}, 1.5}, {{kRowChannels}}};
  return inputs;
}

std::vector<double> group_norm(const Arrays& a, std::int64_t groups) {
  // Each group is a row of its own; then the channels' own scales and biases.
  const std::int64_t width = kRowChannels / groups;
  const std::vector<double> ones(static_cast<std::size_t>(width), 1.0);
  const std::vector<double> zeros(static_cast<std::size_t>(width), 0.0);
  std::vector<double> y = oracle::layer_norm(features_of(a[0], width), ones, zeros, kEps).v;
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] = y[i] * a[1][i % kRowChannels] + a[2][i % kRowChannels];
  }
  return y;
}

std::vector<GradientCase> row_norm_cases() {
  const auto eps = static_cast<float>(kEps);
  return {
      {.name = "LayerNorm",
       .operation = "layer_norm",
       .inputs = norm_inputs(),
       .library =
           [=](Tape&, const Variables& v) {
             return autograd::layer_norm(v[0], {v[1], v[2]}, eps);
           },
       .oracle =
           [](const Arrays& a) {
             return oracle::layer_norm(features_of(a[0], kRowChannels), a[1], a[2], kEps).v;
           }},
      {.name = "GroupNorm",
       .operation = "group_norm",
       .inputs = norm_inputs(),
       .library =
           [=](Tape&, const Variables& v) {
             return autograd::group_norm(v[0], {v[1], v[2]}, 2, eps);
           },
       .oracle = [](const Arrays& a) { return group_norm(a, 2); }},
      {.name = "RmsNorm",
       .operation = "rms_norm",
       .inputs = {norm_inputs()[0], norm_inputs()[1]},
       .library = [=](Tape&, const Variables& v) { return autograd::rms_norm(v[0], v[1], eps); },
       .oracle =
           [](const Arrays& a) {
             return oracle::rms_norm(features_of(a[0], kRowChannels), a[1], kEps).v;
           }}};
}

// Each batch by itself, as a batch norm of its rows.
std::vector<double> instance_norm(const Arrays& a, const std::vector<oracle::Coord>& coords) {
  std::vector<double> y(a[0].size());
  for (const std::int64_t batch : {0, 1, 2}) {
    std::vector<std::size_t> rows;
    std::vector<double> x;
    for (std::size_t row = 0; row < coords.size(); ++row) {
      if (coords[row][0] != batch) continue;
      rows.push_back(row);
      const auto begin = a[0].begin() + static_cast<std::ptrdiff_t>(row * kRowChannels);
      x.insert(x.end(), begin, begin + kRowChannels);
    }
    if (rows.empty()) continue;
    const std::vector<double> n =
        oracle::batch_norm_train(features_of(x, kRowChannels), a[1], a[2], kEps).v;
    for (std::size_t i = 0; i < n.size(); ++i) {
      y[rows[i / kRowChannels] * kRowChannels + i % kRowChannels] = n[i];
    }
  }
  return y;
}

// The middle one of three batches has no rows.
GradientCase instance_norm_case() {
  const CaseSet of = case_set(23, kRows, {4, 4, 4}, {0, 2});
  return {.name = "InstanceNorm",
          .operation = "instance_norm",
          .inputs = norm_inputs(),
          .library =
              [of](Tape&, const Variables& v) {
                return autograd::instance_norm(Variable(v[0], of.set, 3), {v[1], v[2]},
                                               static_cast<float>(kEps));
              },
          .oracle = [of](const Arrays& a) { return instance_norm(a, of.coords); }};
}

std::vector<GradientCase> batch_norm_cases() {
  const auto eps = static_cast<float>(kEps);
  const std::vector<double> mean = {0.25, -0.5, 0, 1}, variance = {0.5, 1, 2, 0.25};
  const auto relu_of_sum = [](std::vector<double> y, const std::vector<double>& residual) {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = std::max(0.0, y[i] + residual[i]);
    return y;
  };
  std::vector<CaseInput> with_residual = norm_inputs();
  with_residual.push_back({{kRows, kRowChannels}});
  return {
      {.name = "BatchNorm",
       .operation = "batch_norm",
       .inputs = norm_inputs(),
       .library =
           [=](Tape&, const Variables& v) {
             return autograd::batch_norm(v[0], {v[1], v[2]},
                                         {beside(v[0], to_tensor(mean, {kRowChannels})),
                                          beside(v[0], to_tensor(variance, {kRowChannels}))},
                                         eps);
           },
       .oracle =
           [=](const Arrays& a) {
             return oracle::batch_norm(features_of(a[0], kRowChannels), a[1], a[2], mean, variance,
                                       kEps)
                 .v;
           }},
      {.name = "BatchNormOfTheBatch",
       .operation = "batch_norm_batch",
       .inputs = norm_inputs(),
       .library =
           [=](Tape&, const Variables& v) {
             return autograd::batch_norm_of_batch(v[0], {v[1], v[2]}, {}, eps).y;
           },
       .oracle =
           [](const Arrays& a) {
             return oracle::batch_norm_train(features_of(a[0], kRowChannels), a[1], a[2], kEps).v;
           }},
      {.name = "BatchNormWithItsTail",
       .operation = "batch_norm_batch",
       .inputs = with_residual,
       .library =
           [=](Tape&, const Variables& v) {
             return autograd::batch_norm_of_batch(v[0], {v[1], v[2]},
                                                  {.residual = v[3], .relu = true}, eps)
                 .y;
           },
       .oracle =
           [=](const Arrays& a) {
             return relu_of_sum(
                 oracle::batch_norm_train(features_of(a[0], kRowChannels), a[1], a[2], kEps).v,
                 a[3]);
           }}};
}

// The mask is the library's own; what is checked is that one mask goes both ways, scaled.
std::vector<GradientCase> random_cases() {
  const auto masked = [](const Arrays& a) {
    std::vector<double> y = a[0];
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = Random::at(17, i).uniform() >= 0.25F ? y[i] / 0.75 : 0.0;
    }
    return y;
  };
  return {{.name = "Dropout",
           .operation = "dropout",
           .inputs = {{{20, 5}}},
           .library = [](Tape&, const Variables& v) { return autograd::dropout(v[0], 0.25F, 17); },
           .oracle = masked},
          {.name = "Checkpoint",
           .operation = "checkpoint",
           .inputs = {{{kRows, kRowChannels}}, {{kRowChannels, kRowChannels}}},
           .library =
               [](Tape& tape, const Variables& v) {
                 return tape.checkpoint(
                     [w = v[1]](const Variables& in) {
                       return activate(autograd::linear(in[0], {w}), Activation::tanh);
                     },
                     {v[0]});
               },
           .oracle =
               [](const Arrays& a) {
                 return oracle::activation(oracle::linear(features_of(a[0], kRowChannels),
                                                          features_of(a[1], kRowChannels))
                                               .features(),
                                           oracle::Activation::kTanh)
                     .v;
               }}};
}

}  // namespace

std::vector<GradientCase> row_cases() {
  std::vector<GradientCase> cases;
  for (const auto& group : {activation_cases(), other_row_cases(), row_norm_cases(),
                            batch_norm_cases(), random_cases()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  cases.push_back(instance_norm_case());
  return cases;
}

}  // namespace voxloom::test
