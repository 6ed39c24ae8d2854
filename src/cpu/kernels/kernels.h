// Declares every kernel that kernels.inc lists for this build.
#pragma once

#include "cpu/kernels/args.h"

namespace voxloom::cpu::kernels {

using gemm_args = GemmArgs;
using dense_args = DenseArgs;
using columnsum_args = ColumnSumArgs;
using wgrad_args = WgradArgs;
using pack_args = PackArgs;
using widen_args = WidenArgs;
using decode_args = DecodeArgs;
using depthwise_args = DepthwiseArgs;
using depthwise_wgrad_args = DepthwiseWgradArgs;
using store_args = StoreArgs;
using peak_args = PeakArgs;
using tilesetup_args = TileSetupArgs;
using tilepack_args = TilePackArgs;
using tilegemm_args = TileGemmArgs;

#define VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width) kind##_##type##_##rows##x##width##_##isa
#define VOXLOOM_KERNEL(isa, kind, type, rows, width) \
  void VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width)(const kind##_args&) noexcept;
#include "cpu/kernels/kernels.inc"
#undef VOXLOOM_KERNEL

}  // namespace voxloom::cpu::kernels
