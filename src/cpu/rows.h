// The CPU's loops over rows of features and cells of grids for the problems of engine/rows.h.
#pragma once

#include "engine/rows.h"

namespace voxloom::cpu {

void binary_rows(const engine::BinaryRows& problem);
void place_rows(const engine::PlaceRows& problem);
void largest_rows(const engine::LargestRows& problem);

void scatter_to_grid(const engine::ScatterToGrid& problem);
void occupied_cells(const engine::OccupiedCells& problem);
void gather_from_grid(const engine::GatherFromGrid& problem);

void column_sums(const engine::ColumnSums& problem);

}  // namespace voxloom::cpu
