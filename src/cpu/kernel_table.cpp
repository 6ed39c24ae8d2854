#include "cpu/kernel_table.h"

#include <algorithm>
#include <tuple>
#include <type_traits>

#include "cpu/kernels/kernels.h"

namespace voxloom::cpu {
namespace {

#define VOXLOOM_TEXT_OF(name) #name
#define VOXLOOM_TEXT(name) VOXLOOM_TEXT_OF(name)

template <typename Args>
std::vector<KernelInfo<Args>> collect() {
  std::vector<KernelInfo<Args>> found;
#define VOXLOOM_KERNEL(isa, kind, type, rows, width)                                            \
  if constexpr (std::is_same_v<Args, kernels::kind##_args>) {                                   \
    found.push_back({VOXLOOM_TEXT(VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width)), Isa::isa, \
                     DType::type, rows, width,                                                  \
                     kernels::VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width)});              \
  }
#include "cpu/kernels/kernels.inc"
#undef VOXLOOM_KERNEL
  std::ranges::stable_sort(found, {}, [](const KernelInfo<Args>& kernel) {
    return std::tuple(kernel.isa, kernel.type);
  });
  return found;
}

template <typename Args>
void append_names(Isa isa, std::vector<std::string_view>& names) {
  for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
    for (const KernelInfo<Args>& kernel : kernels_of<Args>(isa, type)) {
      names.push_back(kernel.name);
    }
  }
}

}  // namespace

template <typename Args>
std::span<const KernelInfo<Args>> kernels_of() {
  static const std::vector<KernelInfo<Args>> all = collect<Args>();
  return all;
}
#define VOXLOOM_KIND(kind, Args) template std::span<const KernelInfo<Args>> kernels_of();
VOXLOOM_KERNEL_KINDS(VOXLOOM_KIND)
#undef VOXLOOM_KIND

bool has_kernels(Isa wanted) {
#define VOXLOOM_KERNEL(isa, kind, type, rows, width) \
  if (wanted == Isa::isa) return true;
#include "cpu/kernels/kernels.inc"
#undef VOXLOOM_KERNEL
  return false;
}

std::vector<std::string_view> kernel_names(Isa isa) {
  std::vector<std::string_view> names;
#define VOXLOOM_KIND(kind, Args) append_names<Args>(isa, names);
  VOXLOOM_KERNEL_KINDS(VOXLOOM_KIND)
#undef VOXLOOM_KIND
  return names;
}

}  // namespace voxloom::cpu
