// The CPU's loops for the problems of engine/points.h.
#pragma once

#include "engine/points.h"

namespace voxloom::cpu {

void point_cells(const engine::PointCells& problem);
void devoxelize(const engine::Devoxelize& problem);

}  // namespace voxloom::cpu
