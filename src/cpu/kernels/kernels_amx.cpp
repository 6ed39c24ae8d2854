#define VOXLOOM_WITH_AMX 1
#include "cpu/kernels/tiles.h"

// Last: the templates have to be known.
#include "cpu/kernels/define_rows.h"
