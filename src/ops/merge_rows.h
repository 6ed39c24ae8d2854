// Rows that may repeat become a set: what voxelize and sparse_from_points share.
#pragma once

#include <span>
#include <string_view>

#include "voxloom/points.h"

namespace voxloom {

// The batch of a row that takes no part.
inline constexpr std::int32_t kDroppedRow = -1;

struct MergeOptions {
  Reduction reduction = Reduction::mean;
  Triple stride = 1;
  std::int64_t batch_size = 0;  // beyond every row's batch
};

// Throws std::invalid_argument unless `features` is (rows, C) of a feature type, or undefined with
// Reduction::count, and the stride is at least 1.
void check_merge(std::string_view op, const Tensor& features, std::int64_t rows,
                 const MergeOptions& options);

// Checked rows and features to a tensor in canonical order.
[[nodiscard]] Voxelized merge_rows(std::span<const Coordinate> rows, const Tensor& features,
                                   const MergeOptions& options);

// One more than the largest batch (0 without rows), or what the caller wants when that is enough.
[[nodiscard]] std::int64_t merged_batch_size(std::string_view op, std::int64_t needed,
                                             const std::optional<std::int64_t>& wanted);

}  // namespace voxloom
