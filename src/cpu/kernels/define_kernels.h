// Defines the kernels of one instruction set, of the kinds that every vector type has. A source
// kernels_<isa>.cpp defines VOXLOOM_WITH_<ISA>, includes this, and is compiled with that set's flags
// (cmake/isa.cmake).
//
// All helpers stand in anonymous namespaces: an inline function with external linkage, compiled here
// for AVX-512, could be the copy that the linker keeps for the whole program.
#include "cpu/kernels/columns.h"
#include "cpu/kernels/decode.h"
#include "cpu/kernels/dense.h"
#include "cpu/kernels/depthwise.h"
#include "cpu/kernels/gemm.h"
#include "cpu/kernels/peak.h"
#include "cpu/kernels/rows.h"
#include "cpu/kernels/wgrad.h"

// Last: the templates have to be known.
#include "cpu/kernels/define_rows.h"
