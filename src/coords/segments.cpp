#include "coords/segments.h"

#include "core/checked.h"

namespace voxloom {

Segments group_rows(std::span<const std::int32_t> segment_of_row, std::int64_t segments) {
  Segments result;
  resize_or_throw("segments", result.begin, segments + 1, std::int64_t{0});
  for (const std::int32_t s : segment_of_row) {
    if (s >= 0) ++result.begin[static_cast<std::size_t>(s) + 1];
  }
  for (std::size_t s = 1; s < result.begin.size(); ++s) result.begin[s] += result.begin[s - 1];
  result.rows.resize(static_cast<std::size_t>(result.begin.back()));
  std::vector<std::int64_t> next(result.begin.begin(), result.begin.end() - 1);
  for (std::size_t row = 0; row < segment_of_row.size(); ++row) {
    if (segment_of_row[row] < 0) continue;
    const auto s = static_cast<std::size_t>(segment_of_row[row]);
    result.rows[static_cast<std::size_t>(next[s]++)] = static_cast<std::int32_t>(row);
  }
  return result;
}

}  // namespace voxloom
