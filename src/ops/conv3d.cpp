// Convolutions: conv3d, subm_conv3d, the transposed family, inverse_conv3d, conv_on_map.

#include <algorithm>

#include "coords/join.h"
#include "coords/kernel_geometry.h"
#include "core/error.h"
#include "ops/conv_maps.h"
#include "ops/conv_run.h"
#include "ops/target.h"
#include "voxloom/conv.h"

namespace voxloom {
namespace {

struct Checked {
  ConvWeight weight;
  WeightContext context;
};

Checked check(std::string_view op, const SparseTensor& x, const Weight& weight, const Tensor& bias,
              const KernelSpec& kernel, std::int64_t groups) {
  WeightContext context = weight_context(op, kernel, x.features(), groups);
  ConvWeight checked = check_weight(context, weight);
  check_bias(context, bias, checked.out_channels());
  return {std::move(checked), context};
}

SparseTensor finish(const SparseTensor& x, const Checked& checked, const Tensor& bias,
                    const KernelMap& map, std::int64_t batch_size) {
  return {map.target(), run_on_map(x.features(), checked.weight, bias, map, x.dtype()),
          std::max(x.batch_size(), batch_size)};
}

SparseTensor conv_transpose(std::string_view op, const SparseTensor& x, const Weight& weight,
                            const Tensor& bias, const ConvTransposeOptions& options) {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(op, kernel);
  const Checked checked = check(op, x, weight, bias, kernel, options.groups);
  return finish(x, checked, bias, transposed_map_for(op, x, options),
                target_batch_size(options.target));
}

}  // namespace

SparseTensor conv3d(const SparseTensor& x, const Weight& weight, const Tensor& bias,
                    const ConvOptions& options) {
  constexpr std::string_view kOp = "conv3d";
  const KernelSpec kernel = kernel_of(options);
  check_kernel(kOp, kernel);
  const Checked checked = check(kOp, x, weight, bias, kernel, options.groups);
  if (is_pointwise(options)) {
    return x.with_features(run_pointwise(x.features(), checked.weight, bias));
  }
  return finish(x, checked, bias, forward_map_for(kOp, x, options),
                target_batch_size(options.target));
}

SparseTensor subm_conv3d(const SparseTensor& x, const Weight& weight, const Tensor& bias,
                         const SubmConvOptions& options) {
  constexpr std::string_view kOp = "subm_conv3d";
  const KernelSpec kernel = kernel_of(options);
  check_kernel(kOp, kernel);
  const Checked checked = check(kOp, x, weight, bias, kernel, options.groups);
  if (kernel.volume() == 1) {
    return x.with_features(run_pointwise(x.features(), checked.weight, bias));
  }
  return finish(x, checked, bias, submanifold_map_for(kOp, x, options), 0);
}

SparseTensor conv_transpose3d(const SparseTensor& x, const Weight& weight, const Tensor& bias,
                              const ConvTransposeOptions& options) {
  return conv_transpose("conv_transpose3d", x, weight, bias, options);
}

SparseTensor generative_conv_transpose3d(const SparseTensor& x, const Weight& weight,
                                         const Tensor& bias,
                                         const GenerativeConvTransposeOptions& options) {
  return conv_transpose("generative_conv_transpose3d", x, weight, bias, as_transpose(options));
}

SparseTensor conv_on_map(const SparseTensor& x, const Weight& weight, const Tensor& bias,
                         const KernelMap& map, std::int32_t groups) {
  constexpr std::string_view kOp = "conv_on_map";
  require(same_rows(x.coords(), map.source()), kOp,
          "the input ({} rows) does not live on the map's source set ({} rows)", x.rows(),
          map.source().size());
  const Checked checked = check(kOp, x, weight, bias, map.kernel(), groups);
  return finish(x, checked, bias, map, 0);
}

SparseTensor inverse_conv3d(const SparseTensor& x, const Weight& weight, const Tensor& bias,
                            const KernelMap& forward_map, std::int32_t groups) {
  constexpr std::string_view kOp = "inverse_conv3d";
  require(same_rows(x.coords(), forward_map.target()), kOp,
          "the input ({} rows) does not live on the forward map's output set ({} rows)", x.rows(),
          forward_map.target().size());
  const Checked checked = check(kOp, x, weight, bias, forward_map.kernel(), groups);
  return finish(x, checked, bias, forward_map.swapped(), 0);
}

ConvOptions conv2d_options(std::int32_t kernel_size, std::int32_t stride) {
  return {.kernel_size = {kernel_size, kernel_size, 1}, .stride = {stride, stride, 1}};
}

KernelMap conv3d_map(const SparseTensor& x, const ConvOptions& options) {
  return forward_map_for("conv3d", x, options);
}

KernelMap subm_conv3d_map(const SparseTensor& x, const SubmConvOptions& options) {
  return submanifold_map_for("subm_conv3d", x, options);
}

KernelMap conv_transpose3d_map(const SparseTensor& x, const ConvTransposeOptions& options) {
  return transposed_map_for("conv_transpose3d", x, options);
}

}  // namespace voxloom
