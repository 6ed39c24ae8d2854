#include "coords/shift_sequence.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "coords/bits.h"
#include "core/checked.h"

namespace voxloom {
namespace {

// The cell whose occupancy a shift reads at the leaf's first place. The one behind it, which a shift
// that is no multiple of 4 needs too, stands next in the list.
std::uint32_t first_cell(const Stencil::Axis& axis, std::int64_t shift) {
  const auto place = std::ranges::lower_bound(axis.cells, floor_div(shift, 4));
  return static_cast<std::uint32_t>(place - axis.cells.begin());
}

// Copied in and out, as the forms of `run` differ in the alignment that they would take for granted.
template <int Axis, int R, typename Steps>
[[gnu::always_inline]] inline void run_steps(const Steps& steps, std::uint64_t* values) {
  const auto at = [values](std::uint32_t value) { return values + kLeafLanes * value; };
  for (const auto& step : steps) {
    LeafLanes low, high, to;
    std::memcpy(&low, at(step.low), sizeof(low));
    std::memcpy(&high, at(step.high), sizeof(high));
    shift_leaves<Axis, R>(low, high, to);
    std::memcpy(at(step.to), &to, sizeof(to));
  }
}

}  // namespace

std::uint32_t ShiftSequence::moved(std::size_t axis, std::int64_t shift, std::uint32_t low,
                                   std::uint32_t high) {
  const auto r = static_cast<std::size_t>(shift - 4 * floor_div(shift, 4));
  if (r == 0) return low;
  steps_[axis][r].push_back({low, high, value_count_});
  return value_count_++;
}

ShiftSequence::ShiftSequence(const Stencil& stencil, OutputSide side)
    : value_count_(static_cast<std::uint32_t>(stencil.cell_count())) {
  const auto& [x, y, z] = stencil.axes();
  const auto columns = static_cast<std::uint32_t>(z.cells.size());
  const auto plane = static_cast<std::uint32_t>(y.cells.size()) * columns;
  const auto shift_of = [&](const Stencil::Axis& axis, std::size_t i) {
    return side == OutputSide::coarse ? axis.shifts[i] : -axis.shifts[i];
  };
  std::vector<std::vector<std::uint32_t>> by_x;  // [x shift][y cell, z cell]
  for (std::size_t i = 0; i < x.shifts.size(); ++i) {
    const std::uint32_t low = first_cell(x, shift_of(x, i)) * plane;
    std::vector<std::uint32_t>& values = by_x.emplace_back();
    for (std::uint32_t at = 0; at < plane; ++at) {
      values.push_back(moved(0, shift_of(x, i), low + at, low + plane + at));
    }
  }
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>> by_xy;
  for (std::size_t k = 0; k < stencil.volume(); ++k) {
    const std::uint32_t ix = x.shift_of_offset[k];
    const std::uint32_t iy = y.shift_of_offset[k];
    std::vector<std::uint32_t>& column = by_xy[{ix, iy}];  // [z cell]
    if (column.empty()) {
      const std::int64_t shift = shift_of(y, iy);
      const std::uint32_t low = first_cell(y, shift) * columns;
      for (std::uint32_t at = 0; at < columns; ++at) {
        const std::uint32_t high = std::min(low + columns + at, plane - 1);
        column.push_back(moved(1, shift, by_x[ix][low + at], by_x[ix][high]));
      }
    }
    const std::int64_t shift = shift_of(z, z.shift_of_offset[k]);
    const std::uint32_t low = first_cell(z, shift);
    value_of_offset_.push_back(
        moved(2, shift, column[low], column[std::min(low + 1, columns - 1)]));
  }
}

VOXLOOM_BIT_CLONES void ShiftSequence::run(LeafLanes* lanes) const {
  auto* values = reinterpret_cast<std::uint64_t*>(lanes);
  run_steps<0, 1>(steps_[0][1], values);
  run_steps<0, 2>(steps_[0][2], values);
  run_steps<0, 3>(steps_[0][3], values);
  run_steps<1, 1>(steps_[1][1], values);
  run_steps<1, 2>(steps_[1][2], values);
  run_steps<1, 3>(steps_[1][3], values);
  run_steps<2, 1>(steps_[2][1], values);
  run_steps<2, 2>(steps_[2][2], values);
  run_steps<2, 3>(steps_[2][3], values);
}

}  // namespace voxloom
