#include "coords/join.h"

#include <algorithm>

#include "coords/derive.h"
#include "core/error.h"
#include "voxloom/sets.h"

namespace voxloom {
namespace {

std::int64_t id_of(const CoordinateSet& set) { return static_cast<std::int64_t>(set.impl().id()); }

CoordinateSet set_like(const CoordinateSet& a, const std::vector<Coordinate>& rows,
                       std::int64_t batch_size) {
  return CoordinateSet::from_rows(
      rows, {.stride = a.stride(), .batch_size = batch_size, .trusted = true});
}

std::int64_t common_batch_size(const CoordinateSet& a, const CoordinateSet& b) {
  return std::max(a.batch_size(), b.batch_size());
}

CoordinateSet inner_set(const CoordinateSet& a, const CoordinateSet& b) {
  const std::vector<std::int32_t> match = lookup(b, a.rows());
  std::vector<Coordinate> rows;
  for (std::size_t i = 0; i < match.size(); ++i) {
    if (match[i] >= 0) rows.push_back(a.rows()[i]);
  }
  return rows.size() == match.size() ? a : set_like(a, rows, common_batch_size(a, b));
}

CoordinateSet outer_set(const CoordinateSet& a, const CoordinateSet& b) {
  std::vector<Coordinate> rows(a.rows().begin(), a.rows().end());
  const std::vector<std::int32_t> match = lookup(a, b.rows());
  for (std::size_t i = 0; i < match.size(); ++i) {
    if (match[i] < 0) rows.push_back(b.rows()[i]);
  }
  return rows.size() == a.rows().size() ? a : set_like(a, rows, common_batch_size(a, b));
}

bool is_inside(const Coordinate& c, const Triple& lo, const Triple& hi) {
  return c.x >= lo.x && c.x <= hi.x && c.y >= lo.y && c.y <= hi.y && c.z >= lo.z && c.z <= hi.z;
}

}  // namespace

CoordinateSet joined_set(Join join, const CoordinateSet& a, const CoordinateSet& b) {
  const bool known =
      join == Join::inner || join == Join::left || join == Join::right || join == Join::outer;
  require(known, "join", "unknown join number {}", static_cast<int>(join));
  if (a == b) return a;
  switch (join) {
    case Join::left: return a;
    case Join::right: return b;
    case Join::inner: return derive(a, Derived::inner, {id_of(b)}, [&] { return inner_set(a, b); });
    default: return derive(a, Derived::outer, {id_of(b)}, [&] { return outer_set(a, b); });
  }
}

bool same_rows(const CoordinateSet& a, const CoordinateSet& b) {
  return a == b || (a.stride() == b.stride() && std::ranges::equal(a.rows(), b.rows()));
}

std::vector<std::int32_t> rows_in(const CoordinateSet& set, const CoordinateSet& target) {
  if (set == target) return {};
  return lookup(set, target.rows());
}

CoordinateSet selected_set(const CoordinateSet& set, std::span<const std::int32_t> rows) {
  bool is_all = rows.size() == set.rows().size();
  std::vector<Coordinate> selected(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    selected[i] = set[rows[i]];
    is_all = is_all && static_cast<std::size_t>(rows[i]) == i;
  }
  return is_all ? set : set_like(set, selected, set.batch_size());
}

std::vector<std::int32_t> rows_inside(const CoordinateSet& set, const Triple& lo,
                                      const Triple& hi) {
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < set.rows().size(); ++i) {
    if (is_inside(set.rows()[i], lo, hi)) rows.push_back(static_cast<std::int32_t>(i));
  }
  return rows;
}

CoordinateSet cropped_set(const CoordinateSet& set, const Triple& lo, const Triple& hi,
                          std::span<const std::int32_t> rows) {
  return derive(set, Derived::crop, {lo.x, lo.y, lo.z, hi.x, hi.y, hi.z},
                [&] { return selected_set(set, rows); });
}

}  // namespace voxloom
