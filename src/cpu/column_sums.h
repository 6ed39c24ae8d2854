// Sums of the columns of a feature matrix: the gradient of a bias.
#pragma once

#include "voxloom/tensor.h"

namespace voxloom::cpu {

// x: (N, C), float32 / float16 / bfloat16; sums: (C) float32. float32 within 256 rows, binary64 across
// them, in row order: the same bits for any number of threads.
void column_sums(const Tensor& x, Tensor& sums);

}  // namespace voxloom::cpu
