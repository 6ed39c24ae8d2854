// The convolution family and linear. Which of them it was does not matter for the gradients: all are
// one product over a map, or one without a map.

#include <optional>

#include "autograd/tape.h"
#include "autograd/trace.h"
#include "coords/strides.h"
#include "core/error.h"
#include "ops/conv_maps.h"
#include "schema/describe.h"
#include "voxloom/autograd_ops.h"
#include "voxloom/conv_gradients.h"

namespace voxloom::autograd {
namespace {

const Variable& variable_of(const VariableWeight& weight) {
  static const Variable constant;
  const auto* variable = std::get_if<Variable>(&weight);
  return variable == nullptr ? constant : *variable;
}

WeightLayout layout_of(const Tensor& weight, std::int32_t groups) {
  switch (weight.rank()) {
    case 5: return WeightLayout::output_major;
    case 4: return WeightLayout::grouped;
    case 3: return WeightLayout::kernel_major;
    default: return groups == 1 ? WeightLayout::pointwise : WeightLayout::depthwise;
  }
}

// What the gradients of a product read. `map` empty: each row meets itself.
struct Product {
  Weight weight;
  Tensor x;
  std::optional<KernelMap> map;
  std::int32_t groups = 1;

  [[nodiscard]] Tensor input_gradient(const Tensor& dy) const {
    return map ? conv_input_gradient(dy, weight, *map, groups) : linear_input_gradient(dy, weight);
  }
  [[nodiscard]] Tensor weight_gradient(const Tensor& dy) const {
    const WeightLayout layout = layout_of(std::get<Tensor>(weight), groups);
    return map ? conv_weight_gradient(x, dy, *map, {.groups = groups, .layout = layout})
               : linear_weight_gradient(x, dy, layout);
  }
};

Variable record_product(Operation operation, Variable y, const Variable& x,
                        const Parameters& parameters, Product product) {
  const Variable& weight = variable_of(parameters.weight);
  std::vector<Tensor> saved;
  if (weight.needs_gradient()) {
    product.x = x.value();
    saved = {product.x};
  }
  const auto gradient = [product = std::move(product)](const Tensor& dy, GradientSink& to) {
    if (to.wants(2)) to.add(2, conv_bias_gradient(dy));
    if (to.wants(1)) to.add(1, product.weight_gradient(dy));
    if (to.wants(0)) to.add(0, product.input_gradient(dy));
  };
  return record(operation, std::move(y), {&x, &weight, &parameters.bias}, std::move(saved),
                gradient);
}

Variable record_on_map(const SparseTensor& y, const Variable& x, const Parameters& parameters,
                       const KernelMap& map, std::int32_t groups) {
  return record_product(Operation::convolution, y, x, parameters,
                        {.weight = weight_of(parameters), .x = {}, .map = map, .groups = groups});
}

Variable record_pointwise(Operation operation, Variable y, const Variable& x,
                          const Parameters& parameters) {
  return record_product(operation, std::move(y), x, parameters,
                        {.weight = weight_of(parameters), .x = {}, .map = {}, .groups = 1});
}

Variable trace_product(std::string_view name, const Variable& x, const Parameters& parameters,
                       const Variable& target, Attributes attributes) {
  return trace(
      {name,
       {{"input", x}, {"target", target}, {"weight", parameters.weight}, {"bias", parameters.bias}},
       std::move(attributes)});
}

}  // namespace

Weight weight_of(const Parameters& parameters) {
  if (const auto* packed = std::get_if<QuantizedWeight>(&parameters.weight)) return *packed;
  return std::get<Variable>(parameters.weight).value();
}

Variable conv3d(const Variable& x, const Parameters& parameters, const ConvOptions& given,
                const Variable& target) {
  if (any_symbolic({&x, &target})) {
    return trace_product("conv3d", x, parameters, target, schema::describe(given));
  }
  const ConvOptions options = with_target(given, target);
  const SparseTensor y =
      voxloom::conv3d(x.tensor(), weight_of(parameters), parameters.bias.value(), options);
  if (is_pointwise(options) && options.groups == 1) {
    return record_pointwise(Operation::convolution, y, x, parameters);
  }
  // From the sets, not from the options: a target given as an array becomes a new set each time.
  return record_on_map(y, x, parameters, forward_map(x.coords(), y.coords(), kernel_of(options)),
                       options.groups);
}

Variable subm_conv3d(const Variable& x, const Parameters& parameters,
                     const SubmConvOptions& options) {
  return conv3d(x, parameters,
                {.kernel_size = options.kernel_size,
                 .dilation = options.dilation,
                 .support = Support::submanifold,
                 .groups = options.groups});
}

Variable conv_transpose3d(const Variable& x, const Parameters& parameters,
                          const ConvTransposeOptions& given, const Variable& target) {
  if (any_symbolic({&x, &target})) {
    return trace_product("conv_transpose3d", x, parameters, target, schema::describe(given));
  }
  const ConvTransposeOptions options = with_target(given, target);
  const SparseTensor y = voxloom::conv_transpose3d(x.tensor(), weight_of(parameters),
                                                   parameters.bias.value(), options);
  return record_on_map(y, x, parameters, transposed_map(x.coords(), y.coords(), kernel_of(options)),
                       options.groups);
}

Variable generative_conv_transpose3d(const Variable& x, const Parameters& parameters,
                                     const GenerativeConvTransposeOptions& options,
                                     const Variable& target) {
  return conv_transpose3d(x, parameters, as_transpose(options), target);
}

Variable inverse_conv3d(const Variable& x, const Parameters& parameters,
                        const KernelMap& forward_map, std::int32_t groups) {
  const SparseTensor y = voxloom::inverse_conv3d(x.tensor(), weight_of(parameters),
                                                 parameters.bias.value(), forward_map, groups);
  return record_on_map(y, x, parameters, forward_map.swapped(), groups);
}

Variable inverse_conv3d(const Variable& x, const Parameters& parameters, const Variable& reference,
                        const ConvOptions& forward) {
  if (any_symbolic({&x, &reference})) {
    return trace({"inverse_conv3d",
                  {{"input", x},
                   {"reference", reference},
                   {"weight", parameters.weight},
                   {"bias", parameters.bias}},
                  schema::describe_inverse(forward)});
  }
  const Triple stride =
      multiplied_stride("inverse_conv3d", reference.coords().stride(), forward.stride);
  require(x.coords().stride() == stride, "inverse_conv3d",
          "the forward convolution of the reference has stride {}, the input {}", stride,
          x.coords().stride());
  const KernelMap map = forward_map(reference.coords(), x.coords(), kernel_of(forward));
  return inverse_conv3d(x, parameters, map, forward.groups);
}

Variable conv_on_map(const Variable& x, const Parameters& parameters, const KernelMap& map,
                     std::int32_t groups) {
  const SparseTensor y =
      voxloom::conv_on_map(x.tensor(), weight_of(parameters), parameters.bias.value(), map, groups);
  return record_on_map(y, x, parameters, map, groups);
}

Variable linear(const Variable& x, const Parameters& parameters) {
  if (x.is_symbolic()) return trace_product("linear", x, parameters, {}, {});
  Tensor y = voxloom::linear(x.value(), weight_of(parameters), parameters.bias.value());
  return record_pointwise(Operation::linear, like(x, std::move(y)), x, parameters);
}

}  // namespace voxloom::autograd
