#define VOXLOOM_WITH_AVX512 1
#include "cpu/kernels/define_kernels.h"
#include "cpu/kernels/tile_pack.h"
