// The CPU's loops for the problems of engine/row_wise.h.
#pragma once

#include "engine/row_wise.h"

namespace voxloom::cpu {

void softmax(const engine::Softmax& problem);
void batch_norm(const engine::BatchNorm& problem);
void row_norm(const engine::RowNorm& problem);

}  // namespace voxloom::cpu
