// Softmax and the norms whose statistics belong to one row.

#include <array>

#include "autograd/tape.h"
#include "autograd/trace.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/gradients.h"
#include "ops/arithmetic.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

Tensor constant(const Tensor& like, std::int64_t channels, float value) {
  return Tensor::full({channels}, DType::f32, value, like.device());
}

Tensor bias_or_zeros(const Affine& affine) {
  const Tensor& scale = affine.scale.value();
  return affine.bias.defined() ? affine.bias.value() : constant(scale, scale.size(), 0.0F);
}

struct RowNorm {
  Tensor x, scale;
  std::int64_t groups = 1;
  bool is_centered = true;
  float eps = 0;

  // Of x, scale and bias.
  void operator()(const Tensor& dy, GradientSink& to) const {
    const std::array<const Tensor*, 3> inputs = {&x, &scale, &scale};
    std::array<Tensor, 3> gradients;
    std::array<Tensor*, 3> wanted = {};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!to.wants(i)) continue;
      gradients.at(i) = float_like(*inputs.at(i));
      wanted.at(i) = &gradients.at(i);
    }
    engine::run(engine::RowNormGradient{.x = &x,
                                        .scale = &scale,
                                        .dy = &dy,
                                        .groups = groups,
                                        .is_centered = is_centered,
                                        .eps = eps,
                                        .dx = wanted[0],
                                        .dscale = wanted[1],
                                        .dbias = wanted[2]});
    for (const std::size_t i : {2, 1, 0}) to.add(i, std::move(gradients.at(i)));
  }
};

Variable record_norm(Operation operation, const Tensor& y, const Variable& x, const Affine& affine,
                     const RowNorm& norm) {
  return record(operation, like(x, y), {&x, &affine.scale, &affine.bias}, {x.value()}, norm);
}

Variable trace_norm(std::string_view name, const Variable& x, const Affine& affine,
                    Attributes attributes) {
  return trace({name,
                {{"input", x}, {"scale", affine.scale}, {"bias", Variable(bias_or_zeros(affine))}},
                std::move(attributes)});
}

}  // namespace

Variable softmax(const Variable& x) {
  if (x.is_symbolic()) return trace({"softmax", {{"input", x}}});
  const Tensor y = voxloom::softmax(x.value());
  const auto gradient = [y](const Tensor& dy, GradientSink& to) {
    Tensor dx = float_like(y);
    engine::run(engine::SoftmaxGradient{.y = &y, .dy = &dy, .dx = &dx});
    to.add(0, std::move(dx));
  };
  return record(Operation::softmax, like(x, y), {&x}, {y}, gradient);
}

Variable layer_norm(const Variable& x, const Affine& affine, float eps) {
  if (x.is_symbolic()) return trace_norm("layer_norm", x, affine, {{"eps", eps}});
  const Tensor& scale = affine.scale.value();
  const Tensor y = voxloom::layer_norm(x.value(), scale, bias_or_zeros(affine), eps);
  return record_norm(Operation::layer_norm, y, x, affine,
                     {.x = x.value(), .scale = scale, .eps = eps});
}

Variable group_norm(const Variable& x, const Affine& affine, std::int64_t groups, float eps) {
  if (x.is_symbolic()) {
    return trace_norm("group_norm", x, affine, {{"groups", groups}, {"eps", eps}});
  }
  const Tensor& scale = affine.scale.value();
  const Tensor y = voxloom::group_norm(x.value(), scale, bias_or_zeros(affine), groups, eps);
  return record_norm(Operation::group_norm, y, x, affine,
                     {.x = x.value(), .scale = scale, .groups = groups, .eps = eps});
}

Variable rms_norm(const Variable& x, const Variable& scale, float eps) {
  if (x.is_symbolic()) {
    return trace({"rms_norm", {{"input", x}, {"scale", scale}}, {{"eps", eps}}});
  }
  const Tensor y = voxloom::rms_norm(x.value(), scale.value(), eps);
  return record_norm(Operation::rms_norm, y, x, {.scale = scale},
                     {.x = x.value(), .scale = scale.value(), .is_centered = false, .eps = eps});
}

}  // namespace voxloom::autograd
