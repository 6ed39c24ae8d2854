// The gradients of a convolution. The data gradient is the forward product on the swapped map with
// the transposed weight: nothing is scattered, and no two threads meet in a row.

#include "voxloom/conv_gradients.h"

#include "core/error.h"
#include "engine/choice.h"
#include "engine/convolution.h"
#include "engine/rows.h"
#include "ops/conv_weight.h"
#include "ops/dense_arguments.h"
#include "ops/weight_layout.h"

namespace voxloom {
namespace {

// A wrong weight is refused later, by check_weight; here it only must not be read beyond its rank.
std::int64_t input_channels(const Weight& weight, std::int64_t groups) {
  if (const auto* packed = std::get_if<QuantizedWeight>(&weight)) return packed->in_channels;
  const Tensor& w = std::get<Tensor>(weight);
  if (!w.defined()) return 0;
  switch (w.rank()) {
    case 5: return w.dim(4) * groups;
    case 4: return w.dim(1) * w.dim(2);
    case 3:
    case 2: return w.dim(1);
    default: return 0;
  }
}

void check_rows(std::string_view op, std::string_view name, const Tensor& features,
                std::int64_t rows, std::string_view side) {
  check_matrix(op, features);
  require(features.dim(0) == rows, op, "expected {} with the {} rows of the map's {} set, got {}",
          name, rows, side, features.shape());
}

void check_output_channels(std::string_view op, const Tensor& dy, const ConvWeight& weight) {
  require(dy.dim(1) == weight.out_channels(), op,
          "dy has {} channels, the weight gives {} output channels", dy.dim(1),
          weight.out_channels());
}

void check_pair(std::string_view op, const Tensor& x, const Tensor& dy) {
  require(x.dtype() == dy.dtype(), op, "x is {}, dy is {}", name_of(x.dtype()),
          name_of(dy.dtype()));
}

std::int64_t per_group(std::string_view op, std::string_view name, const Tensor& features,
                       std::int64_t groups) {
  require(groups >= 1, op, "groups must be at least 1, got {}", groups);
  require(features.dim(1) % groups == 0, op, "{} channels of {} do not split into {} groups",
          features.dim(1), name, groups);
  return features.dim(1) / groups;
}

DType result_type(std::string_view op, const Tensor& x, const std::optional<DType>& asked) {
  const DType dtype = asked.value_or(x.dtype());
  require(dtype == x.dtype() || dtype == DType::f32, op,
          "the gradient of a {} weight is {} or float32, not {}", name_of(x.dtype()),
          name_of(x.dtype()), name_of(dtype));
  return dtype;
}

// The data gradient reads a weight along its output channels, which packed codes do not allow.
Weight unpacked(const Weight& weight) {
  const auto* packed = std::get_if<QuantizedWeight>(&weight);
  return packed == nullptr ? weight : Weight(dequantize(*packed));
}
DType weight_type(const Weight& weight, const Tensor& features) {
  return std::holds_alternative<QuantizedWeight>(weight) ? DType::f32 : features.dtype();
}

Tensor weight_gradient(const engine::MapRef& map, const Tensor& x, const Tensor& dy,
                       const WeightShape& shape) {
  Tensor dw =
      Tensor::empty({shape.volume, shape.groups, shape.in, shape.out}, DType::f32, x.device());
  engine::run(engine::ConvWeightGradient{
      .map = map, .x = &x, .dy = &dy, .groups = shape.groups, .dw = &dw});
  return dw;
}

}  // namespace

Tensor conv_input_gradient(const Tensor& dy, const Weight& weight, const KernelMap& map,
                           std::int32_t groups) {
  constexpr std::string_view kOp = "conv_input_gradient";
  check_rows(kOp, "dy", dy, map.target().size(), "target");
  require(groups >= 1, kOp, "groups must be at least 1, got {}", groups);
  const std::int64_t channels = input_channels(weight, groups);
  require(channels % groups == 0, kOp, "{} input channels do not split into {} groups", channels,
          groups);
  const KernelSpec& kernel = map.kernel();
  const WeightContext context{.op = kOp,
                              .kernel_size = kernel.kernel_size,
                              .volume = kernel.volume(),
                              .is_box = kernel.offsets.empty(),
                              .in_channels = channels,
                              .groups = groups,
                              .dtype = weight_type(weight, dy)};
  const Weight dense = unpacked(weight);
  const ConvWeight checked = check_weight(context, dense);
  check_output_channels(kOp, dy, checked);
  Tensor dx = Tensor::empty({map.source().size(), channels}, dy.dtype(), dy.device());
  const KernelMap back = map.swapped();
  engine::run(
      engine::ConvForward{.map = back, .x = &dy, .weight = checked.view.transposed(), .y = &dx});
  return dx;
}

Tensor conv_weight_gradient(const Tensor& x, const Tensor& dy, const KernelMap& map,
                            const ConvWeightGradientOptions& options) {
  constexpr std::string_view kOp = "conv_weight_gradient";
  check_rows(kOp, "x", x, map.source().size(), "source");
  check_rows(kOp, "dy", dy, map.target().size(), "target");
  check_pair(kOp, x, dy);
  WeightShape shape{.volume = map.volume(),
                    .groups = options.groups,
                    .in = per_group(kOp, "x", x, options.groups),
                    .out = per_group(kOp, "dy", dy, options.groups),
                    .box = {}};
  if (map.kernel().offsets.empty()) shape.box = map.kernel().kernel_size;
  check_layout(kOp, options.layout, shape);
  const DType dtype = result_type(kOp, x, options.dtype);
  return to_layout(weight_gradient(map, x, dy, shape), options.layout, shape, dtype);
}

Tensor conv_bias_gradient(const Tensor& dy) {
  check_matrix("conv_bias_gradient", dy);
  Tensor sums = Tensor::empty({dy.dim(1)}, DType::f32, dy.device());
  engine::run(engine::ColumnSums{.x = &dy, .sums = &sums});
  return sums.to(dy.dtype());
}

Tensor linear_input_gradient(const Tensor& dy, const Weight& weight) {
  constexpr std::string_view kOp = "linear_input_gradient";
  check_matrix(kOp, dy);
  const WeightContext context{.op = kOp,
                              .kernel_size = 1,
                              .volume = 1,
                              .in_channels = input_channels(weight, 1),
                              .dtype = weight_type(weight, dy)};
  const Weight dense = unpacked(weight);
  const ConvWeight checked = check_weight(context, dense);
  check_output_channels(kOp, dy, checked);
  Tensor dx = Tensor::empty({dy.dim(0), context.in_channels}, dy.dtype(), dy.device());
  engine::run(engine::ConvPointwise{.x = &dy, .weight = checked.view.transposed(), .y = &dx});
  return dx;
}

Tensor linear_weight_gradient(const Tensor& x, const Tensor& dy, WeightLayout layout) {
  constexpr std::string_view kOp = "linear_weight_gradient";
  check_matrix(kOp, x);
  check_matrix(kOp, dy);
  check_pair(kOp, x, dy);
  require(x.dim(0) == dy.dim(0), kOp, "x has {} rows, dy has {}", x.dim(0), dy.dim(0));
  const WeightShape shape{
      .volume = 1, .groups = 1, .in = x.dim(1), .out = dy.dim(1), .box = Triple(1)};
  check_layout(kOp, layout, shape);
  return to_layout(weight_gradient(engine::MapRef::identity(x.dim(0)), x, dy, shape), layout, shape,
                   x.dtype());
}

}  // namespace voxloom
