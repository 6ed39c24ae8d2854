#define VOXLOOM_WITH_AVX512 1
#include "cpu/kernels/tile_panel.h"

// Last: it defines the kernels of the templates above too.
#include "cpu/kernels/define_kernels.h"
