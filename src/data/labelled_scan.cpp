#include <cmath>

#include "core/error.h"
#include "data/input_values.h"
#include "data/label_map.h"
#include "data/scan_rows.h"
#include "voxloom/dataset.h"

namespace voxloom {
namespace {

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
  data::InputSurvey survey(scan.size(), options);
  survey.look(scan, 0);
  data::InputValues values(options, survey.choices());
  ScanInput out;
  out.points = values.of(scan, 0);
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
