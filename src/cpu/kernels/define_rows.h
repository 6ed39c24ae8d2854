// Defines the kernels that kernels.inc lists for one instruction set, of the templates `run` that the
// source has included.
#include "cpu/kernels/elements.h"
#include "cpu/kernels/kernels.h"

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
