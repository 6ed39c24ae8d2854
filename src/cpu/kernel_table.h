// The kernels of this build, found by what they do.
//
// Which ones run under an instruction set: of each kind and type the rows of the best set whose bits are
// among those in use. So a set holds only what it does better than the sets below it.
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
  Isa isa;  // its own: the bits that it needs
  DType type;
  int rows;
  int width;
  Kernel<Args> run;
};

// Every kernel with this argument in this build: by instruction set, best first, and type, else in the
// order of kernels.inc.
template <typename Args>
[[nodiscard]] std::span<const KernelInfo<Args>> kernels_of();

// Those that run under `isa`: of one set, in the order of kernels.inc. None where neither it nor what it
// builds on has the kind for this type.
template <typename Args>
[[nodiscard]] std::span<const KernelInfo<Args>> kernels_of(Isa isa, DType type) {
  const std::span<const KernelInfo<Args>> all = kernels_of<Args>();
  std::size_t first = 0;
  while (first < all.size() &&
         (all[first].type != type || !needs_of(isa).contains(needs_of(all[first].isa)))) {
    ++first;
  }
  std::size_t last = first;
  while (last < all.size() && all[last].isa == all[first].isa && all[last].type == type) ++last;
  return all.subspan(first, last - first);
}

// The first of them. The scalar set has one for each type that the kind is made for, save the kinds of
// matrix tiles.
template <typename Args>
[[nodiscard]] Kernel<Args> kernel_of(Isa isa, DType type) {
  return kernels_of<Args>(isa, type).front().run;
}

[[nodiscard]] bool has_kernels(Isa isa);  // of its own, in this build

// Of all kernels that run under `isa`, kind by kind.
[[nodiscard]] std::vector<std::string_view> kernel_names(Isa isa);

}  // namespace voxloom::cpu
