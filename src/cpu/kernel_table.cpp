#include "cpu/kernel_table.h"

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
  return found;
}

}  // namespace

template <typename Args>
std::span<const KernelInfo<Args>> kernels_of() {
  static const std::vector<KernelInfo<Args>> all = collect<Args>();
  return all;
}
template std::span<const KernelInfo<GemmArgs>> kernels_of();
template std::span<const KernelInfo<WgradArgs>> kernels_of();
template std::span<const KernelInfo<PackArgs>> kernels_of();
template std::span<const KernelInfo<DenseArgs>> kernels_of();
template std::span<const KernelInfo<ColumnSumArgs>> kernels_of();
template std::span<const KernelInfo<WidenArgs>> kernels_of();
template std::span<const KernelInfo<DecodeArgs>> kernels_of();
template std::span<const KernelInfo<DepthwiseArgs>> kernels_of();
template std::span<const KernelInfo<DepthwiseWgradArgs>> kernels_of();
template std::span<const KernelInfo<StoreArgs>> kernels_of();
template std::span<const KernelInfo<PeakArgs>> kernels_of();
template std::span<const KernelInfo<TileSetupArgs>> kernels_of();
template std::span<const KernelInfo<TilePackArgs>> kernels_of();
template std::span<const KernelInfo<TileGemmArgs>> kernels_of();

std::vector<std::string_view> kernel_names(Isa wanted) {
  std::vector<std::string_view> names;
#define VOXLOOM_KERNEL(isa, kind, type, rows, width)                                  \
  if (wanted == Isa::isa) {                                                           \
    names.push_back(VOXLOOM_TEXT(VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width))); \
  }
#include "cpu/kernels/kernels.inc"
#undef VOXLOOM_KERNEL
  return names;
}

}  // namespace voxloom::cpu
