// Normalized convolutions: y = n / d + bias with n = conv(x, W) and d = sqrt(conv(1, W*W) + eps).
// dx goes through n alone; engine/normalized_gradients.h has dW.

#include "autograd/tape.h"
#include "autograd/trace.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/normalized_gradients.h"
#include "ops/arithmetic.h"
#include "ops/conv_maps.h"
#include "schema/describe.h"
#include "voxloom/autograd_ops.h"
#include "voxloom/conv_gradients.h"

namespace voxloom::autograd {
namespace {

Tensor ones(std::int64_t rows, Device device) {
  return Tensor::full({rows, 1}, DType::f32, 1.0F, device);
}

struct Normalized {
  Tensor x, weight;  // (K, G, C_in/G, C_out/G)
  KernelMap map;
  float eps = 0;

  // e of engine/normalized_gradients.h.
  [[nodiscard]] Tensor energy() const {
    const SparseTensor one(map.source(), ones(map.source().size(), weight.device()));
    Tensor squares = Tensor::empty({weight.dim(0), 1, weight.dim(1) * weight.dim(3)}, DType::f32,
                                   weight.device());
    engine::run(engine::WeightEnergy{.weight = &weight, .energy = &squares});
    return voxloom::conv_on_map(one, squares, {}, map).features();
  }
  [[nodiscard]] Tensor numerator() const {
    const SparseTensor input(map.source(), x);
    return voxloom::conv_on_map(input, weight, {}, map, groups()).features();
  }
  [[nodiscard]] std::int32_t groups() const { return static_cast<std::int32_t>(weight.dim(1)); }

  // By x and the weight; `de` is undefined when the latter is not wanted.
  struct Slopes {
    Tensor dn, de;
  };
  [[nodiscard]] Slopes slopes(const Tensor& dy, bool of_weight) const {
    const Tensor e = energy();
    Slopes s{float_like(dy), of_weight ? float_like(dy) : Tensor{}};
    const Tensor n = of_weight ? numerator() : Tensor{};
    engine::run(engine::NormalizedGradient{.dy = &dy,
                                           .energy = &e,
                                           .numerator = of_weight ? &n : nullptr,
                                           .eps = eps,
                                           .dn = &s.dn,
                                           .de = of_weight ? &s.de : nullptr});
    return s;
  }

  [[nodiscard]] Tensor weight_gradient(const Slopes& s) const {
    Tensor dw = conv_weight_gradient(x, s.dn, map, {.groups = groups()});
    const Tensor ds = conv_weight_gradient(ones(x.dim(0), x.device()), s.de, map);
    engine::run(engine::WeightEnergyGradient{.weight = &weight, .denergy = &ds, .dweight = &dw});
    return dw;
  }
};

void check_weight(std::string_view op, const Parameters& parameters) {
  const auto* weight = std::get_if<Variable>(&parameters.weight);
  require(weight != nullptr && weight->value().rank() == 4, op,
          "gradients go through weights of layout (K, G, C_in/G, C_out/G) only");
}

Variable record_normalized(std::string_view op, const SparseTensor& y, const Variable& x,
                           const Parameters& parameters, const KernelMap& map, float eps) {
  const Variable constant;
  const auto* weight = std::get_if<Variable>(&parameters.weight);
  const Variable& w = weight == nullptr ? constant : *weight;
  if (!x.needs_gradient() && !w.needs_gradient() && !parameters.bias.needs_gradient()) return {y};
  check_weight(op, parameters);
  const Normalized product{x.value(), w.value(), map, eps};
  const auto gradient = [product](const Tensor& dy, GradientSink& to) {
    if (to.wants(2)) to.add(2, conv_bias_gradient(dy));
    if (!to.wants(1) && !to.wants(0)) return;
    const Normalized::Slopes slopes = product.slopes(dy, to.wants(1));
    if (to.wants(1)) to.add(1, product.weight_gradient(slopes));
    if (to.wants(0)) {
      to.add(0, conv_input_gradient(slopes.dn, product.weight, product.map, product.groups()));
    }
  };
  return record(Operation::normalized_convolution, Variable(y), {&x, &w, &parameters.bias},
                {x.value()}, gradient);
}

Variable trace_normalized(std::string_view name, const Variable& x, const Parameters& parameters,
                          const Variable& target, Attributes attributes, float eps) {
  return trace(
      {name,
       {{"input", x}, {"target", target}, {"weight", parameters.weight}, {"bias", parameters.bias}},
       schema::normalized(std::move(attributes), eps)});
}

}  // namespace

Variable normalized_subm_conv3d(const Variable& x, const Parameters& parameters,
                                const SubmConvOptions& options, float eps) {
  // A kernel of volume 1 is not normalized.
  if (kernel_of(options).volume() == 1) return subm_conv3d(x, parameters, options);
  if (x.is_symbolic()) {
    return trace_normalized("conv3d", x, parameters, {}, schema::describe(options), eps);
  }
  const SparseTensor y = voxloom::normalized_subm_conv3d(x.tensor(), weight_of(parameters),
                                                         parameters.bias.value(), options, eps);
  return record_normalized("normalized_subm_conv3d", y, x, parameters,
                           forward_map(x.coords(), y.coords(), kernel_of(options)), eps);
}

Variable normalized_conv_transpose3d(const Variable& x, const Parameters& parameters,
                                     const ConvTransposeOptions& given, float eps,
                                     const Variable& target) {
  if (any_symbolic({&x, &target})) {
    return trace_normalized("conv_transpose3d", x, parameters, target, schema::describe(given),
                            eps);
  }
  const ConvTransposeOptions options = with_target(given, target);
  const SparseTensor y = voxloom::normalized_conv_transpose3d(
      x.tensor(), weight_of(parameters), parameters.bias.value(), options, eps);
  return record_normalized("normalized_conv_transpose3d", y, x, parameters,
                           transposed_map(x.coords(), y.coords(), kernel_of(options)), eps);
}

Variable normalized_generative_conv_transpose3d(const Variable& x, const Parameters& parameters,
                                                const GenerativeConvTransposeOptions& options,
                                                float eps, const Variable& target) {
  return normalized_conv_transpose3d(x, parameters, as_transpose(options), eps, target);
}

}  // namespace voxloom::autograd
