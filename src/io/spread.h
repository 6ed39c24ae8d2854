// How far most of the values of columns reach: one stray value among many changes nothing of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "voxloom/scan.h"

namespace voxloom::io {

// Of an even choice of the finite values: the least, and those that 99 of 100 are not below and not above.
struct Spread {
  double least = 0, low = 0, high = 0;
};

// Looks at the first components of a column, which may come in pieces; several columns of equal length may be
// looked at together.
class SpreadSearch {
 public:
  explicit SpreadSearch(std::int64_t points);  // of the whole

  // `first`: the number of the piece's first point.
  void look(const Column& column, std::int64_t first);
  // What others looked at.
  void add(std::span<const double> values);
  [[nodiscard]] std::span<const double> values() const { return values_; }

  // All 0 where nothing is finite.
  [[nodiscard]] Spread spread() const;

 private:
  std::int64_t step_;
  std::vector<double> values_;
};

// What is a full intensity, or colour, where most values are not above `high`: 1, 255, 65535; for what is above
// all of them, `high`.
[[nodiscard]] double usual_unit(double high, std::span<const double> units);

}  // namespace voxloom::io
