#define VOXLOOM_WITH_AVX512 1  // the vectors of simd.h
#include "cpu/kernels/pairs.h"
#undef VOXLOOM_WITH_AVX512

#define VOXLOOM_WITH_AVX512_BF16 1
#include "cpu/kernels/define_rows.h"
