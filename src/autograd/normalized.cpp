// Normalized convolutions: y = n / d + bias with n = conv(x, W) and d = sqrt(conv(1, W*W) + eps).
//   dx through n alone; dW[k] = wgrad(x, dy/d) + 2 W[k] dS[k], where S[k] is the sum of W[k]*W[k]
//   over the input channels and dS[k] that of -dy n / (2 d^3) over the entries of offset k.

#include <cmath>

#include "autograd/loops.h"
#include "autograd/tape.h"
#include "core/error.h"
#include "ops/conv_maps.h"
#include "voxloom/autograd_ops.h"
#include "voxloom/conv_gradients.h"

namespace voxloom::autograd {
namespace {

Tensor ones(std::int64_t rows) { return Tensor::full({rows, 1}, DType::f32, 1.0F); }

// A weight of a normalized convolution, (K, G, C_in/G, C_out/G).
struct GroupedShape {
  std::int64_t volume, groups, in, out;

  template <typename Body>
  void for_each(const Body& body) const {  // body(element, its place in (K, C_out))
    std::int64_t element = 0;
    for (std::int64_t kg = 0; kg < volume * groups; ++kg) {
      for (std::int64_t i = 0; i < in; ++i) {
        for (std::int64_t o = 0; o < out; ++o) body(element++, kg * out + o);
      }
    }
  }
};

Tensor squared_sums(const Tensor& weight, const GroupedShape& shape) {
  std::vector<double> sums(static_cast<std::size_t>(shape.volume * shape.groups * shape.out));
  const float* w = weight.data<float>();
  shape.for_each([&](std::int64_t element, std::int64_t at) {
    sums[static_cast<std::size_t>(at)] += static_cast<double>(w[element]) * w[element];
  });
  return to_float32(sums).reshape({shape.volume, 1, shape.groups * shape.out});
}

struct Normalized {
  Tensor x, weight;
  KernelMap map;
  GroupedShape shape;
  float eps;

  [[nodiscard]] Tensor denominator() const {
    const SparseTensor one(map.source(), ones(map.source().size()));
    const Tensor energy =
        voxloom::conv_on_map(one, squared_sums(weight, shape), {}, map).features();
    return autograd::map(energy, [this](float e) { return std::sqrt(e + eps); });
  }
  [[nodiscard]] Tensor numerator() const {
    const SparseTensor input(map.source(), x);
    return voxloom::conv_on_map(input, weight, {}, map, groups()).features();
  }
  [[nodiscard]] std::int32_t groups() const { return static_cast<std::int32_t>(shape.groups); }

  [[nodiscard]] Tensor weight_gradient(const Tensor& dn, const Tensor& d) const {
    Tensor dw = conv_weight_gradient(x, dn, map, {.groups = groups()});
    // dn = dy / d already.
    const Tensor ratio = zip(numerator(), d, [](float n, float root) { return n / (root * root); });
    const Tensor de = zip(dn, ratio, [](float a, float b) { return -0.5F * a * b; });
    const Tensor ds = conv_weight_gradient(ones(x.dim(0)), de, map);
    const float* w = weight.data<float>();
    const float* s = ds.data<float>();
    float* to = dw.mutable_data<float>();
    shape.for_each(
        [&](std::int64_t element, std::int64_t at) { to[element] += 2.0F * w[element] * s[at]; });
    return dw;
  }
};

GroupedShape shape_of(std::string_view op, const Parameters& parameters) {
  const auto* weight = std::get_if<Variable>(&parameters.weight);
  require(weight != nullptr && weight->value().rank() == 4, op,
          "gradients go through weights of layout (K, G, C_in/G, C_out/G) only");
  const Tensor& w = weight->value();
  return {w.dim(0), w.dim(1), w.dim(2), w.dim(3)};
}

Variable record_normalized(std::string_view op, const SparseTensor& y, const Variable& x,
                           const Parameters& parameters, const KernelMap& map, float eps) {
  const Variable constant;
  const auto* weight = std::get_if<Variable>(&parameters.weight);
  const Variable& w = weight == nullptr ? constant : *weight;
  if (!x.needs_gradient() && !w.needs_gradient() && !parameters.bias.needs_gradient()) return {y};
  const Normalized product{x.value(), w.value(), map, shape_of(op, parameters), eps};
  const auto gradient = [product](const Tensor& dy, GradientSink& to) {
    if (to.wants(2)) to.add(2, conv_bias_gradient(dy));
    if (!to.wants(1) && !to.wants(0)) return;
    const Tensor d = product.denominator();
    const Tensor dn = zip(dy, d, [](float g, float root) { return g / root; });
    if (to.wants(1)) to.add(1, product.weight_gradient(dn, d));
    if (to.wants(0)) {
      to.add(0, conv_input_gradient(dn, product.weight, product.map, product.groups()));
    }
  };
  return record(Operation::normalized_convolution, Variable(y), {&x, &w, &parameters.bias},
                {x.value()}, gradient);
}

}  // namespace

Variable normalized_subm_conv3d(const Variable& x, const Parameters& parameters,
                                const SubmConvOptions& options, float eps) {
  // A kernel of volume 1 is not normalized.
  if (kernel_of(options).volume() == 1) return subm_conv3d(x, parameters, options);
  const SparseTensor y = voxloom::normalized_subm_conv3d(x.tensor(), weight_of(parameters),
                                                         parameters.bias.value(), options, eps);
  return record_normalized("normalized_subm_conv3d", y, x, parameters,
                           forward_map(x.coords(), y.coords(), kernel_of(options)), eps);
}

Variable normalized_conv_transpose3d(const Variable& x, const Parameters& parameters,
                                     const ConvTransposeOptions& options, float eps) {
  const SparseTensor y = voxloom::normalized_conv_transpose3d(
      x.tensor(), weight_of(parameters), parameters.bias.value(), options, eps);
  return record_normalized("normalized_conv_transpose3d", y, x, parameters,
                           transposed_map(x.coords(), y.coords(), kernel_of(options)), eps);
}

Variable normalized_generative_conv_transpose3d(const Variable& x, const Parameters& parameters,
                                                const GenerativeConvTransposeOptions& options,
                                                float eps) {
  return normalized_conv_transpose3d(x, parameters, as_transpose(options), eps);
}

}  // namespace voxloom::autograd
