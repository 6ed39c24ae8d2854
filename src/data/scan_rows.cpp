#include "data/scan_rows.h"

#include "core/error.h"

namespace voxloom::data {

void check_rows(const LabelledScan& scan, std::string_view op) {
  const std::size_t points = scan.positions.size();
  require(scan.intensity.size() == points && scan.labels.size() == points, op,
          "{} positions, {} intensities and {} labels; they must be as many", points,
          scan.intensity.size(), scan.labels.size());
  const auto check = [&](std::string_view what, std::size_t count) {
    require(count == 0 || count == points, op, "{} {} for {} points", count, what, points);
  };
  check("colours", scan.colours.size());
  check("normals", scan.normals.size());
  check("heights above the ground", scan.above_ground.size());
  for (const PointColumn& column : scan.columns) {
    require(column.values.size() == points, op, "{} values of {} for {} points",
            column.values.size(), column.name, points);
  }
}

LabelledScan without_points(const LabelledScan& scan) {
  LabelledScan out;
  for (const PointColumn& column : scan.columns) out.columns.push_back({column.name, {}});
  out.scene_origin = scan.scene_origin;
  return out;
}

void add_point(LabelledScan& to, const LabelledScan& from, std::size_t point) {
  const auto add = [point](auto& rows, const auto& source) {
    if (!source.empty()) rows.push_back(source[point]);
  };
  to.positions.push_back(from.positions[point]);
  to.intensity.push_back(from.intensity[point]);
  to.labels.push_back(from.labels[point]);
  add(to.colours, from.colours);
  add(to.normals, from.normals);
  add(to.above_ground, from.above_ground);
  for (std::size_t c = 0; c < to.columns.size(); ++c) {
    add(to.columns[c].values, from.columns[c].values);
  }
}

}  // namespace voxloom::data
