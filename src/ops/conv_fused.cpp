#include "ops/conv_fused.h"

#include <algorithm>

#include "core/error.h"
#include "engine/choice.h"
#include "engine/convolution.h"
#include "ops/conv_weight.h"

namespace voxloom {
namespace {

void check_vector(std::string_view op, const Tensor* values, std::int64_t channels,
                  std::string_view what) {
  require(values == nullptr || (values->size() == channels && values->dtype() == DType::f32), op,
          "{} should have {} float32 values, one per output channel, got {}", what, channels,
          values == nullptr ? 0 : values->size());
}

void check_residual(std::string_view op, const Tensor* residual, const Tensor& y) {
  if (residual == nullptr) return;
  require(residual->shape() == y.shape() && residual->dtype() == y.dtype(), op,
          "the residual should be {} {}, got {} {}", name_of(y.dtype()), y.shape(),
          name_of(residual->dtype()), residual->shape());
}

engine::Epilogue epilogue_of(const ConvFusion& fusion) {
  return {.scale = fusion.scale,
          .shift = fusion.shift,
          .residual = fusion.residual,
          .rectifier = fusion.relu ? engine::Rectifier::relu : engine::Rectifier::none};
}

}  // namespace

SparseTensor conv_fused(std::string_view op, const SparseTensor& x, const Weight& weight,
                        const KernelMap* map, const ConvFusion& fusion) {
  const KernelSpec kernel = map != nullptr ? map->kernel() : KernelSpec{.kernel_size = 1};
  const WeightContext context = weight_context(op, kernel, x.features(), 1);
  const ConvWeight checked = check_weight(context, weight);
  const std::int64_t channels = checked.out_channels();
  if (fusion.bias != nullptr) check_bias(context, *fusion.bias, channels);
  check_vector(op, fusion.scale, channels, "scale");
  check_vector(op, fusion.shift, channels, "shift");

  const engine::MapRef rows =
      map != nullptr ? engine::MapRef(*map) : engine::MapRef::identity(x.rows());
  Tensor y = Tensor::empty({rows.out_rows(), channels}, x.dtype(), x.features().device());
  check_residual(op, fusion.residual, y);
  engine::run(engine::ConvForward{.map = rows,
                                  .x = &x.features(),
                                  .weight = checked.view,
                                  .bias = fusion.bias,
                                  .y = &y,
                                  .epilogue = epilogue_of(fusion)});
  return {map != nullptr ? map->target() : x.coords(), std::move(y),
          std::max(x.batch_size(), fusion.batch_size)};
}

}  // namespace voxloom
