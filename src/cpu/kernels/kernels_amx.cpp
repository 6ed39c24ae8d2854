#define VOXLOOM_WITH_AMX 1
#include "cpu/kernels/define_rows.h"
#include "cpu/kernels/tiles.h"
