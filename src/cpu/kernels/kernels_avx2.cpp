#define VOXLOOM_WITH_AVX2 1
#include "cpu/kernels/define_kernels.h"
