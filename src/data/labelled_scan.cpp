#include <cmath>

#include "core/error.h"
#include "data/input_values.h"
#include "data/label_map.h"
#include "data/scan_rows.h"
#include "io/origin.h"
#include "voxloom/dataset.h"

namespace voxloom {
namespace {

// From the scan's origin to its sensor.
std::array<double, 3> sensor_from_origin(const Scan& scan) {
  std::array<double, 3> sensor = {0, 0, 0};
  for (std::size_t axis = 0; scan.viewpoint && axis < 3; ++axis) {
    sensor.at(axis) = scan.viewpoint->at(axis)[3] - scan.origin.at(axis);
  }
  return sensor;
}

std::vector<std::array<float, 3>> positions_of(const Scan& scan) {
  std::vector<std::array<float, 3>> positions;
  positions.reserve(scan.positions.size());
  const std::array<double, 3> sensor = sensor_from_origin(scan);
  // A file that is far away has rounded its points: what that puts beside the sensor's axis planes, where cells
  // end, lies on them.
  std::array<double, 3> rounding{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    rounding.at(axis) = io::rounding_of(std::abs(scan.origin.at(axis)) + std::abs(sensor.at(axis)));
  }
  for (const auto& p : scan.positions) {
    std::array<float, 3>& to = positions.emplace_back();
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double place = p[axis] - sensor[axis];
      const bool is_zero = rounding[axis] > 0 && std::abs(place) <= rounding[axis];
      to[axis] = is_zero ? 0.0F : static_cast<float>(place);
    }
  }
  return positions;
}

std::vector<std::int32_t> read_labels(const Column& column, const ClassTable& table) {
  const data::LabelMap map(table);
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(column.points()));
  for (std::int64_t i = 0; i < column.points(); ++i) {
    const double value = column.as_double(i * column.components);
    if (std::isnan(value)) {  // as photogrammetry leaves points that nobody labelled
      labels.push_back(kIgnoreLabel);
      continue;
    }
    const bool whole = std::abs(value) <= 0x7fffffff && value == std::floor(value);
    const auto label = whole ? map.class_of(static_cast<std::int64_t>(value)) : std::nullopt;
    require(label.has_value(), "to_labelled",
            "the label {} of point {} is neither a class nor ignored by the table of classes",
            value, i);
    labels.push_back(*label);
  }
  return labels;
}

}  // namespace

Scan to_scan(const LabelledScan& scan, const ClassTable& table) {
  data::check_rows(scan, "to_scan");
  Scan out;
  out.position_type = ColumnType::f32;
  for (const auto& p : scan.positions) out.positions.push_back({p[0], p[1], p[2]});
  std::vector<std::int32_t> values;
  values.reserve(scan.labels.size());
  for (const std::int32_t label : scan.labels) values.push_back(data::value_of(table, label));
  out.set("intensity", scan.intensity);
  out.set("label", std::move(values));
  return out;
}

ScanInput to_input(const Scan& scan, const InputOptions& options) {
  validate(options.features);
  ScanInput out;
  out.points.positions = positions_of(scan);
  out.points.labels.assign(scan.positions.size(), kIgnoreLabel);
  data::InputValues values(scan, options);
  out.points.intensity = values.intensity();
  if (options.features.has_colours()) out.points.colours = values.colours();
  if (options.features.has_normals()) out.points.normals = values.normals();
  out.points.columns = values.columns();
  out.facts = values.finish();
  return out;
}

LabelledScan to_unlabelled(const Scan& scan, const InputOptions& options) {
  return to_input(scan, options).points;
}

LabelledScan to_labelled(const Scan& scan, const ClassTable& table, const InputOptions& options) {
  const Column* labels = scan.find("label");
  if (labels == nullptr) labels = scan.find("classification");
  require(labels != nullptr, "to_labelled", "the scan has no attribute 'label'");
  LabelledScan out = to_unlabelled(scan, options);
  out.labels = read_labels(*labels, table);
  data::check_rows(out, "to_labelled");
  return out;
}

}  // namespace voxloom
