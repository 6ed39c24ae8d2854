#include "artifact/tiles/reach.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace voxloom::artifact {
namespace {

constexpr std::array<int, 3> kAxes = {0, 1, 2};

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

// Cell sizes are products of a size from a file and small integers.
bool about_equal(double a, double b, double unit) { return std::abs(a - b) <= 1e-9 * unit; }

std::int64_t first_offset(std::int32_t size, Origin origin) {
  return origin == Origin::centered && size % 2 == 1 ? -std::int64_t{size / 2} : 0;
}

}  // namespace

const Extent& ReachQuery::operand(std::string_view name) const {
  return values_[static_cast<std::size_t>(op().operands[slot(name).first])];
}

std::vector<const Extent*> ReachQuery::operands(std::string_view name) const {
  std::vector<const Extent*> extents;
  const Slot place = slot(name);
  for (std::size_t i = place.first; i < place.first + place.count; ++i) {
    extents.push_back(&values_[static_cast<std::size_t>(op().operands[i])]);
  }
  return extents;
}

void ReachQuery::unplaced(const std::string& why) {
  results_.assign(op().results.size(), Extent{.place = Place::unplaced, .why = why});
}

bool ReachQuery::takes_input_points(std::string_view name) {
  const int value = op().operands[slot(name).first];
  const Extent& extent = operand(name);
  const bool untouched = extent.place == Place::points && extent.set == value;
  if (!untouched) {
    unplaced("takes positions that are no input of the graph");
    return false;
  }
  if (points_ >= 0 && points_ != value) {
    unplaced("takes positions from a second input");
    return false;
  }
  points_ = value;
  return true;
}

Window ReachQuery::window(Origin origin) const {
  if (has("origin")) origin = choice<Origin>("origin");
  const Triple stride = triple_or("stride", 1), padding = triple_or("padding", 0),
               dilation = triple_or("dilation", 1);
  Window w;
  for (const int axis : kAxes) {
    std::int64_t low = 0, high = 0;
    if (has("offsets")) {
      const std::vector<std::int64_t>& list = integers("offsets");
      for (std::size_t i = at(axis); i < list.size(); i += 3) {
        const std::int64_t offset = list[i];
        low = i < 3 ? offset : std::min(low, offset);
        high = i < 3 ? offset : std::max(high, offset);
      }
    } else {
      const std::int32_t size = triple_or("kernel_size", 1)[axis];
      low = first_offset(size, origin);
      high = low + size - 1;
    }
    w.stride[at(axis)] = stride[axis];
    w.low[at(axis)] = low * dilation[axis] - padding[axis];
    w.high[at(axis)] = high * dilation[axis] - padding[axis];
  }
  return w;
}

void widen(Extent& a, const Extent& b) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    a.below[axis] = std::max(a.below[axis], b.below[axis]);
    a.above[axis] = std::max(a.above[axis], b.above[axis]);
  }
}

bool on_one_grid(const Extent& a, const Extent& b) {
  if (a.place != Place::voxels || b.place != Place::voxels) return false;
  return std::ranges::all_of(kAxes, [&](int axis) {
    const double size = a.cells.voxel_size[at(axis)];
    return about_equal(size, b.cells.voxel_size[at(axis)], size) &&
           about_equal(a.cells.origin[at(axis)], b.cells.origin[at(axis)], size);
  });
}

// The cell of u is that of the fine rows u * stride .. u * stride + stride - 1.
Extent gathered(const Extent& fine, const Window& window) {
  Extent coarse = fine;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double cell = fine.cells.voxel_size[axis];
    const std::int64_t under = -window.low[axis];
    const std::int64_t over = window.high[axis] + 1 - window.stride[axis];
    coarse.below[axis] += cell * static_cast<double>(std::max<std::int64_t>(0, under));
    coarse.above[axis] += cell * static_cast<double>(std::max<std::int64_t>(0, over));
    coarse.cells.voxel_size[axis] = cell * static_cast<double>(window.stride[axis]);
  }
  return coarse;
}

// v = u * stride + shift: the cell of u begins `shift` fine cells under v and ends stride - 1 - shift
// over it.
Extent spread(const Extent& coarse, const Window& window) {
  Extent fine = coarse;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double cell = coarse.cells.voxel_size[axis] / static_cast<double>(window.stride[axis]);
    const std::int64_t over = window.stride[axis] - 1 - window.low[axis];
    fine.below[axis] += cell * static_cast<double>(std::max<std::int64_t>(0, window.high[axis]));
    fine.above[axis] += cell * static_cast<double>(std::max<std::int64_t>(0, over));
    fine.cells.voxel_size[axis] = cell;
  }
  return fine;
}

void reach_of_rows(ReachQuery& q) {
  Extent result = q.operand("input");
  // Rows that were computed are no longer the positions that the caller gave.
  if (result.place == Place::points) result.set = -1;
  q.result(result);
}

void reach_of_join(ReachQuery& q, std::initializer_list<std::string_view> names) {
  std::vector<const Extent*> all;
  for (const std::string_view name : names) {
    for (const Extent* extent : q.operands(name)) all.push_back(extent);
  }
  Extent result = *all.front();
  bool same_set = true;
  for (const Extent* other : all) {
    if (!on_one_grid(result, *other)) return q.unplaced("joins voxels of different grids");
    same_set = same_set && other->set == result.set;
    widen(result, *other);
  }
  q.result(same_set ? result : q.on_new_set(result));
}

}  // namespace voxloom::artifact
