// Copying whole rows: y[i] = table[rows[i]].
#pragma once

#include <cstdint>
#include <span>

#include "voxloom/tensor.h"

namespace voxloom::cpu {

// `table` is (V,C), y holds rows.size() rows of C elements of the same dtype, whatever its rank.
// Every row is in range.
void gather_rows(const Tensor& table, std::span<const std::int32_t> rows, Tensor& y);

}  // namespace voxloom::cpu
