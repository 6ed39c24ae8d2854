// How far most of the values of columns reach: one stray value among many changes nothing of it.
#pragma once

#include <span>

#include "voxloom/scan.h"

namespace voxloom::io {

// Of an even choice of the finite values: the least, and those that 99 of 100 are not below and not above.
struct Spread {
  double least = 0, low = 0, high = 0;
};

// Of the first components. All 0 where nothing is finite.
[[nodiscard]] Spread spread_of(std::span<const Column* const> columns);

// What is a full intensity, or colour, where most values are not above `high`: 1, 255, 65535; for what is above
// all of them, `high`.
[[nodiscard]] double usual_unit(double high, std::span<const double> units);

}  // namespace voxloom::io
