#include "data/scan_rows.h"

#include <algorithm>

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

RowForm::RowForm(const FeatureSet& features)
    : has_colours_(features.has_colours()), has_normals_(features.has_normals()) {
  for (const PointFeature& feature : features.features) {
    if (feature.value != PointValue::column) continue;
    if (std::ranges::find(columns_, feature.column) == columns_.end()) {
      columns_.push_back(feature.column);
    }
  }
  size_ = 4 + (has_colours_ ? 3 : 0) + (has_normals_ ? 3 : 0) + columns_.size();
}

void RowForm::write(const LabelledScan& scan, std::size_t point, float* to) const {
  const auto put = [&](const std::array<float, 3>& three) {
    to = std::ranges::copy(three, to).out;
  };
  put(scan.positions[point]);
  *to++ = scan.intensity[point];
  if (has_colours_) put(scan.colours[point]);
  if (has_normals_) put(scan.normals[point]);
  for (const PointColumn& column : scan.columns) *to++ = column.values[point];
}

LabelledScan RowForm::empty() const {
  LabelledScan scan;
  for (const std::string& name : columns_) scan.columns.push_back({name, {}});
  return scan;
}

void RowForm::add(LabelledScan& scan, const float* from) const {
  const auto three = [&] {
    const std::array<float, 3> values = {from[0], from[1], from[2]};
    from += 3;
    return values;
  };
  scan.positions.push_back(three());
  scan.intensity.push_back(*from++);
  scan.labels.push_back(kIgnoreLabel);
  if (has_colours_) scan.colours.push_back(three());
  if (has_normals_) scan.normals.push_back(three());
  for (PointColumn& column : scan.columns) column.values.push_back(*from++);
}

}  // namespace voxloom::data
