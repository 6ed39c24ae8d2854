// Declares every kernel that kernels.inc lists for this build.
#pragma once

#include "cpu/kernels/args.h"

namespace voxloom::cpu::kernels {

// Every kind of kernel and its argument.
#define VOXLOOM_KERNEL_KINDS(KIND)          \
  KIND(gemm, GemmArgs)                      \
  KIND(wgrad, WgradArgs)                    \
  KIND(panel, PanelArgs)                    \
  KIND(dense, DenseArgs)                    \
  KIND(columnsum, ColumnSumArgs)            \
  KIND(widen, WidenArgs)                    \
  KIND(depthwise, DepthwiseArgs)            \
  KIND(depthwise_wgrad, DepthwiseWgradArgs) \
  KIND(decode, DecodeArgs)                  \
  KIND(store, StoreArgs)                    \
  KIND(tilesetup, TileSetupArgs)            \
  KIND(tilepanel, TilePanelArgs)            \
  KIND(tilegemm, TileGemmArgs)              \
  KIND(peak, PeakArgs)

#define VOXLOOM_KIND(kind, Args) using kind##_args = Args;
VOXLOOM_KERNEL_KINDS(VOXLOOM_KIND)
#undef VOXLOOM_KIND

#define VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width) kind##_##type##_##rows##x##width##_##isa
#define VOXLOOM_KERNEL(isa, kind, type, rows, width) \
  void VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width)(const kind##_args&) noexcept;
#include "cpu/kernels/kernels.inc"
#undef VOXLOOM_KERNEL

}  // namespace voxloom::cpu::kernels
