#define VOXLOOM_WITH_SCALAR 1
#include "cpu/kernels/define_kernels.h"
