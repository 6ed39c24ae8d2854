#include "ops/conv_fused.h"

#include <algorithm>

#include "coords/map_blocks.h"
#include "core/error.h"
#include "cpu/convolution.h"
#include "ops/conv_weight.h"

namespace voxloom {
namespace {

void check_vector(std::string_view op, std::span<const float> values, std::int64_t channels,
                  std::string_view what) {
  require(values.empty() || static_cast<std::int64_t>(values.size()) == channels, op,
          "{} should have {} values, one per output channel, got {}", what, channels,
          values.size());
}

void check_residual(std::string_view op, const Tensor* residual, const Tensor& y) {
  if (residual == nullptr) return;
  require(residual->shape() == y.shape() && residual->dtype() == y.dtype(), op,
          "the residual should be {} {}, got {} {}", name_of(y.dtype()), y.shape(),
          name_of(residual->dtype()), residual->shape());
}

cpu::Epilogue epilogue_of(const ConvFusion& fusion) {
  cpu::Epilogue epilogue;
  epilogue.scale = fusion.scale.empty() ? nullptr : fusion.scale.data();
  epilogue.shift = fusion.shift.empty() ? nullptr : fusion.shift.data();
  epilogue.residual = fusion.residual;
  epilogue.rectifier = fusion.relu ? cpu::Rectifier::relu : cpu::Rectifier::none;
  return epilogue;
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

  BlockedEntries own_rows;
  MapBlocks blocks;
  if (map != nullptr) {
    blocks = blocks_of(*map);
  } else {
    own_rows = identity_entries(x.rows());
    blocks.entries = &own_rows;
    blocks.out_rows = x.rows();
    blocks.volume = 1;
  }
  Tensor y = Tensor::empty({blocks.out_rows, channels}, x.dtype());
  check_residual(op, fusion.residual, y);
  cpu::convolve({.map = blocks,
                 .x = &x.features(),
                 .weight = checked.view,
                 .bias = fusion.bias,
                 .y = &y,
                 .epilogue = epilogue_of(fusion)});
  return {map != nullptr ? map->target() : x.coords(), std::move(y),
          std::max(x.batch_size(), fusion.batch_size)};
}

}  // namespace voxloom
