#define VOXLOOM_WITH_NEON 1
#include "cpu/kernels/define_kernels.h"
