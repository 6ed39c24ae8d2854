#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "data/input_values.h"
#include "data/label_map.h"
#include "data/scan_rows.h"
#include "voxloom/dataset.h"

namespace voxloom {
namespace {

// Words are the names of classes, and where there is none, nobody labelled the point.
std::vector<std::int32_t> read_names(const Column& column, const ClassTable& table) {
  std::vector<std::optional<std::int32_t>> known(column.words->size());
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(column.points()));
  for (std::int64_t i = 0; i < column.points(); ++i) {
    const std::string_view word = column.word(i * column.components);
    auto& label = known[static_cast<std::size_t>(
        column.span<WordCode>()[static_cast<std::size_t>(i * column.components)])];
    if (!label) {
      const auto found = std::ranges::find(table.classes, word, &LabelClass::name);
      require(word.empty() || found != table.classes.end(), "to_labelled",
              "the label '{}' of point {} is no name of a class in the table of classes", word, i);
      label =
          word.empty() ? kIgnoreLabel : static_cast<std::int32_t>(found - table.classes.begin());
    }
    labels.push_back(*label);
  }
  return labels;
}

std::vector<std::int32_t> read_labels(const Column& column, const ClassTable& table) {
  const data::LabelMap map(table);
  if (column.is_text()) return read_names(column, table);
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

// As most files hold them.
void set_colours(Scan& out, const std::vector<std::array<float, 3>>& colours) {
  constexpr std::array kChannels = {"red", "green", "blue"};
  for (std::size_t c = 0; c < kChannels.size(); ++c) {
    std::vector<std::uint8_t> values;
    values.reserve(colours.size());
    for (const auto& colour : colours) {
      const float share = std::clamp(colour.at(c), 0.0F, 1.0F);
      values.push_back(static_cast<std::uint8_t>(std::floor(share * 255 + 0.5F)));
    }
    out.set(kChannels.at(c), std::move(values));
  }
}

// Small whole numbers, as of returns, in one byte.
void set_column(Scan& out, const PointColumn& column) {
  const bool is_small = std::ranges::all_of(
      column.values, [](float v) { return v >= 0 && v <= 255 && v == std::floor(v); });
  if (!is_small) return out.set(column.name, column.values);
  std::vector<std::uint8_t> values;
  values.reserve(column.values.size());
  for (const float value : column.values) values.push_back(static_cast<std::uint8_t>(value));
  out.set(column.name, std::move(values));
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
  if (!scan.colours.empty()) set_colours(out, scan.colours);
  for (const PointColumn& column : scan.columns) set_column(out, column);
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
