// Rows that belong together: the points of a voxel, the rows of a batch. Index logic alone; what is
// computed over segments stands in engine/segments.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace voxloom {

// The rows of each segment, ascending.
struct Segments {
  std::vector<std::int64_t> begin;  // segment s: rows[begin[s]] .. rows[begin[s+1]-1]
  std::vector<std::int32_t> rows;

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(begin.size()) - 1; }
  [[nodiscard]] std::span<const std::int32_t> operator[](std::int64_t segment) const {
    const auto at = static_cast<std::size_t>(segment);
    return std::span(rows).subspan(static_cast<std::size_t>(begin[at]),
                                   static_cast<std::size_t>(begin[at + 1] - begin[at]));
  }
};

// Row i belongs to segment segment_of_row[i], or to none when that is -1.
[[nodiscard]] Segments group_rows(std::span<const std::int32_t> segment_of_row,
                                  std::int64_t segments);

}  // namespace voxloom
