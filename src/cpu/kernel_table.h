// The kernels of this build, found by what they do.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cpu/isa.h"
#include "cpu/kernels/args.h"
#include "voxloom/dtype.h"

namespace voxloom::cpu {

template <typename Args>
using Kernel = void (*)(const Args&) noexcept;

// What a kernel does follows from its argument: GemmArgs, WidenArgs, ... (kernels/args.h).
template <typename Args>
struct KernelInfo {
  std::string_view name;
  Isa isa;
  DType type;
  int rows;
  int width;
  Kernel<Args> run;
};

// Every kernel with this argument in this build, in the order of kernels.inc.
template <typename Args>
[[nodiscard]] std::span<const KernelInfo<Args>> kernels_of();

// The kernels of one instruction set and type.
template <typename Args>
[[nodiscard]] std::vector<KernelInfo<Args>> kernels_of(Isa isa, DType type) {
  std::vector<KernelInfo<Args>> found;
  for (const KernelInfo<Args>& kernel : kernels_of<Args>()) {
    if (kernel.isa == isa && kernel.type == type) found.push_back(kernel);
  }
  return found;
}

// The first of them. Every instruction set has one for each type that the kind is made for.
template <typename Args>
[[nodiscard]] Kernel<Args> kernel_of(Isa isa, DType type) {
  return kernels_of<Args>(isa, type).front().run;
}

[[nodiscard]] std::vector<std::string_view> kernel_names(Isa isa);

}  // namespace voxloom::cpu
