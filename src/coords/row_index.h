// From rows in any order to their index.
#pragma once

#include <cstdint>
#include <span>

#include "coords/leaf_index.h"
#include "core/uninitialized.h"

namespace voxloom {

struct RowIndex {
  LeafIndex leaves;
  UninitializedVector<std::int32_t> row_of_rank;  // empty: rows stand in canonical order
  std::int64_t first_repeated = -1;               // the first row that repeats an earlier one ...
  std::int64_t repeats = -1;  // ... and the row it repeats; -1: all rows are distinct
};

// Of equal rows the first one is found; the others stand behind the last rank, in their order, so
// that row_of_rank is a permutation of the rows even for trusted input that lied.
[[nodiscard]] RowIndex index_rows(std::span<const Coordinate> rows);

}  // namespace voxloom
