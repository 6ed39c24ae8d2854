// Reducing rows that belong together: the points of a voxel, the rows of a batch.
//
// A segment is the list of its rows, ascending. Long segments are cut into chunks whose length is
// fixed and whose partial results are combined in order, so that threads never change a result;
// sums are binary64, so that a million rows lose nothing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "voxloom/tensor.h"

namespace voxloom::cpu {

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

// y is (segments, C) of x's dtype; every element is written. An empty segment is 0.
void segment_sum(const Segments& segments, const Tensor& x, Tensor& y);
void segment_mean(const Segments& segments, const Tensor& x, Tensor& y);
void segment_first(const Segments& segments, const Tensor& x, Tensor& y);
// y is (segments, 1): how many rows.
void segment_count(const Segments& segments, Tensor& y);

// A NaN wins, ties go to the lowest row.
void segment_max(const Segments& segments, const Tensor& x, Tensor& y);
// The winning row of each element, (segments, C) int32; -1 for an empty segment.
[[nodiscard]] Tensor segment_max_winners(const Segments& segments, const Tensor& x);

}  // namespace voxloom::cpu
