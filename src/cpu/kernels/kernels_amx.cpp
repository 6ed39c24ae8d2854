// Matrix tiles. They lean on AVX-512 for what is not a product, but are no level of their own: only the
// kinds that kernels.inc lists for them exist.
#define VOXLOOM_WITH_AMX 1
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/tiles.h"

namespace voxloom::cpu::kernels {

#define VOXLOOM_KERNEL(isa, kind, type, rows, width)                                         \
  void VOXLOOM_KERNEL_NAME(isa, kind, type, rows, width)(const kind##_args& args) noexcept { \
    run<rows, width>(args);                                                                  \
  }
#include "cpu/kernels/kernels.inc"
#undef VOXLOOM_KERNEL

}  // namespace voxloom::cpu::kernels
