#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "data/label_map.h"
#include "voxloom/dataset.h"

namespace voxloom {
namespace {

void check_rows(const LabelledScan& scan, std::string_view op) {
  const std::size_t points = scan.positions.size();
  require(scan.intensity.size() == points && scan.labels.size() == points, op,
          "{} positions, {} intensities and {} labels; they must be as many", points,
          scan.intensity.size(), scan.labels.size());
}

// What stands for 1.
double intensity_unit(const Column& column) {
  if (column.type() == ColumnType::u8) return 255;
  if (column.type() == ColumnType::u16) return 65535;
  double most = 0;
  for (std::int64_t i = 0; i < column.points(); ++i) {
    most = std::max(most, column.as_double(i * column.components));
  }
  if (most <= 1) return 1;
  return most <= 255 ? 255 : 65535;
}

// From the scan's origin to its sensor.
std::array<double, 3> sensor_from_origin(const Scan& scan) {
  std::array<double, 3> sensor = {0, 0, 0};
  for (std::size_t axis = 0; scan.viewpoint && axis < 3; ++axis) {
    sensor.at(axis) = scan.viewpoint->at(axis)[3] - scan.origin.at(axis);
  }
  return sensor;
}

std::vector<std::int32_t> read_labels(const Column& column, const ClassTable& table) {
  const data::LabelMap map(table);
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(column.points()));
  for (std::int64_t i = 0; i < column.points(); ++i) {
    const double value = column.as_double(i * column.components);
    const bool whole = value >= 0 && value <= 0x7fffffff && value == std::floor(value);
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
  check_rows(scan, "to_scan");
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

LabelledScan to_unlabelled(const Scan& scan) {
  LabelledScan out;
  out.positions.reserve(scan.positions.size());
  const std::array<double, 3> sensor = sensor_from_origin(scan);
  for (const auto& p : scan.positions) {
    out.positions.push_back({static_cast<float>(p[0] - sensor[0]),
                             static_cast<float>(p[1] - sensor[1]),
                             static_cast<float>(p[2] - sensor[2])});
  }
  out.intensity.assign(scan.positions.size(), 0);
  out.labels.assign(scan.positions.size(), kIgnoreLabel);
  const Column* intensity = scan.find("intensity");
  if (intensity == nullptr) return out;
  const double unit = intensity_unit(*intensity);
  for (std::size_t i = 0; i < out.intensity.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i) * intensity->components;
    out.intensity[i] = static_cast<float>(intensity->as_double(at) / unit);
  }
  return out;
}

LabelledScan to_labelled(const Scan& scan, const ClassTable& table) {
  const Column* labels = scan.find("label");
  require(labels != nullptr, "to_labelled", "the scan has no attribute 'label'");
  LabelledScan out = to_unlabelled(scan);
  out.labels = read_labels(*labels, table);
  check_rows(out, "to_labelled");
  return out;
}

}  // namespace voxloom
