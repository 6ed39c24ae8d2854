// Which map each convolution op uses: the kernel it asks for, the support it produces.
#pragma once

#include <string_view>

#include "voxloom/conv.h"

namespace voxloom {

[[nodiscard]] KernelSpec kernel_of(const ConvOptions& options);
[[nodiscard]] KernelSpec kernel_of(const SubmConvOptions& options);
[[nodiscard]] KernelSpec kernel_of(const ConvTransposeOptions& options);
[[nodiscard]] ConvTransposeOptions as_transpose(const GenerativeConvTransposeOptions& options);

// Each row meets itself and nothing else: a plain matrix product, no map needed.
[[nodiscard]] bool is_pointwise(const ConvOptions& options);

[[nodiscard]] KernelMap forward_map_for(std::string_view op, const SparseTensor& x,
                                        const ConvOptions& options);
[[nodiscard]] KernelMap submanifold_map_for(std::string_view op, const SparseTensor& x,
                                            const SubmConvOptions& options);
[[nodiscard]] KernelMap transposed_map_for(std::string_view op, const SparseTensor& x,
                                           const ConvTransposeOptions& options);

}  // namespace voxloom
