#include "ops/conv_maps.h"

#include "coords/kernel_geometry.h"
#include "coords/strides.h"
#include "coords/support.h"
#include "core/error.h"
#include "ops/target.h"

namespace voxloom {
namespace {

void require_submanifold(std::string_view op, const KernelSpec& kernel) {
  const Triple& size = kernel.kernel_size;
  const bool odd = size.x % 2 == 1 && size.y % 2 == 1 && size.z % 2 == 1;
  require(odd || !kernel.offsets.empty(), op,
          "a submanifold kernel must be odd on each axis, got {}", size);
  require(kernel.stride == Triple(1) && kernel.padding == Triple(0), op,
          "a submanifold convolution has stride 1 and padding 0, got stride {} and padding {}",
          kernel.stride, kernel.padding);
}

CoordinateSet forward_support(std::string_view op, const SparseTensor& x,
                              const ConvOptions& options, const KernelSpec& kernel) {
  require(!options.bounds || (options.support == Support::reachable && !has_target(options.target)),
          op, "bounds go with support reachable and no target only");
  if (has_target(options.target)) {
    return resolve_target(op, options.target, multiplied_stride(op, x.stride(), kernel.stride),
                          x.batch_size());
  }
  switch (options.support) {
    case Support::strided: return strided_support(op, x.coords(), kernel.stride);
    case Support::reachable: return reachable_support(op, x.coords(), kernel, options.bounds);
    case Support::submanifold: require_submanifold(op, kernel); return x.coords();
  }
  fail(op, "unknown support number {}", static_cast<int>(options.support));
}

}  // namespace

KernelSpec kernel_of(const ConvOptions& o) {
  return {.kernel_size = o.kernel_size,
          .stride = o.stride,
          .padding = o.padding,
          .dilation = o.dilation,
          .origin = o.origin,
          .offsets = o.offsets};
}

KernelSpec kernel_of(const SubmConvOptions& o) {
  return {.kernel_size = o.kernel_size, .dilation = o.dilation};
}

KernelSpec kernel_of(const ConvTransposeOptions& o) {
  return {.kernel_size = o.kernel_size,
          .stride = o.stride,
          .padding = o.padding,
          .dilation = o.dilation,
          .origin = o.origin};
}

ConvTransposeOptions as_transpose(const GenerativeConvTransposeOptions& o) {
  return {.kernel_size = o.kernel_size, .stride = o.stride, .target = o.target, .groups = o.groups};
}

bool is_pointwise(const ConvOptions& o) {
  const bool same_rows = o.support == Support::strided || o.support == Support::submanifold;
  return o.offsets.empty() && o.kernel_size == Triple(1) && o.stride == Triple(1) &&
         o.padding == Triple(0) && same_rows && !has_target(o.target) && !o.bounds;
}

KernelMap forward_map_for(std::string_view op, const SparseTensor& x, const ConvOptions& options) {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(op, kernel);
  return forward_map(x.coords(), forward_support(op, x, options, kernel), kernel);
}

KernelMap submanifold_map_for(std::string_view op, const SparseTensor& x,
                              const SubmConvOptions& options) {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(op, kernel);
  require_submanifold(op, kernel);
  return forward_map(x.coords(), x.coords(), kernel);
}

KernelMap transposed_map_for(std::string_view op, const SparseTensor& x,
                             const ConvTransposeOptions& options) {
  const KernelSpec kernel = kernel_of(options);
  check_kernel(op, kernel);
  const Triple stride = divided_stride(op, x.stride(), kernel.stride);
  const CoordinateSet target = has_target(options.target)
                                   ? resolve_target(op, options.target, stride, x.batch_size())
                                   : transposed_support(op, x.coords(), kernel);
  return transposed_map(x.coords(), target, kernel);
}

}  // namespace voxloom
