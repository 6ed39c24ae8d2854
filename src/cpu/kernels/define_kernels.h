// Defines the kernels of one instruction set. A source kernels_<isa>.cpp defines VOXLOOM_WITH_<ISA>,
// includes this, and is compiled with that set's flags (cmake/isa.cmake).
//
// All helpers stand in anonymous namespaces: an inline function with external linkage, compiled here
// for AVX-512, could be the copy that the linker keeps for the whole program.
#include "cpu/kernels/columns.h"
#include "cpu/kernels/decode.h"
#include "cpu/kernels/dense.h"
#include "cpu/kernels/depthwise.h"
#include "cpu/kernels/gemm.h"
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/peak.h"
#include "cpu/kernels/rows.h"
#include "cpu/kernels/wgrad.h"

namespace voxloom::cpu::kernels {
namespace {
using type_f32 = float;
using type_f16 = Half;
using type_bf16 = Brain;
}  // namespace

#define VOXLOOM_KERNEL(isa, kind, type, rows, width)                                         \
  void VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width)(const kind##_args& args) noexcept { \
    run<type_##type, rows, width>(args);                                                     \
  }
#include "cpu/kernels/kernels.inc"
#undef VOXLOOM_KERNEL

}  // namespace voxloom::cpu::kernels
