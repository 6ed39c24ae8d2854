#include "ops/weight_layout.h"

#include "core/error.h"
#include "engine/choice.h"
#include "engine/weights.h"

namespace voxloom {
namespace {

Shape shape_of(WeightLayout layout, const WeightShape& s) {
  switch (layout) {
    case WeightLayout::kernel_major: return {s.volume, s.in, s.out};
    case WeightLayout::output_major: return {s.groups * s.out, s.box->x, s.box->y, s.box->z, s.in};
    case WeightLayout::depthwise: return {s.volume, s.groups};
    case WeightLayout::pointwise: return {s.out, s.in};
    case WeightLayout::grouped: break;
  }
  return {s.volume, s.groups, s.in, s.out};
}

// Output channels outermost, input channels innermost; the other layouts keep the engine's order.
bool is_turned(WeightLayout layout) {
  return layout == WeightLayout::output_major || layout == WeightLayout::pointwise;
}

}  // namespace

void check_layout(std::string_view op, WeightLayout layout, const WeightShape& s) {
  switch (layout) {
    case WeightLayout::grouped: return;
    case WeightLayout::kernel_major:
      return require(s.groups == 1, op, "a kernel-major weight needs groups = 1, got {}", s.groups);
    case WeightLayout::output_major:
      return require(s.box.has_value(), op,
                     "an output-major weight needs a kernel with sizes, not a list of offsets");
    case WeightLayout::depthwise:
      return require(s.in == 1 && s.out == 1 && s.groups > 1, op,
                     "a depthwise weight needs one input and one output channel per group, got {} "
                     "and {} in {} groups",
                     s.in, s.out, s.groups);
    case WeightLayout::pointwise:
      return require(s.volume == 1 && s.groups == 1, op,
                     "a pointwise weight needs kernel volume 1 and groups = 1, got {} and {}",
                     s.volume, s.groups);
  }
  fail(op, "unknown weight layout number {}", static_cast<int>(layout));
}

Tensor to_layout(const Tensor& weight, WeightLayout layout, const WeightShape& s, DType dtype) {
  const Shape shape = shape_of(layout, s);
  if (!is_turned(layout)) return weight.to(dtype).reshape(shape);
  Tensor turned = Tensor::empty(shape, dtype, weight.device());
  engine::run(engine::TurnWeight{.from = &weight, .to = &turned});
  return turned;
}

}  // namespace voxloom
