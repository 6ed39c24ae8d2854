#include "data/input_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "io/origin.h"

namespace voxloom::data {
namespace {

constexpr std::string_view kInputValuesOp = "scan_input";

// From the scan's origin to its sensor.
std::array<double, 3> sensor_from_origin(const Scan& scan) {
  std::array<double, 3> sensor = sensor_place(scan);
  for (std::size_t axis = 0; axis < 3; ++axis) sensor.at(axis) -= scan.origin.at(axis);
  return sensor;
}

void require_numbers(const Column& column) {
  require(!column.is_text(), kInputValuesOp,
          "the network reads {}, and the scan's holds text, not numbers: leave that column out, or "
          "read another as it",
          column.name);
}

}  // namespace

std::vector<std::array<float, 3>> seen_positions(const Scan& scan) {
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
      require(std::isfinite(to[axis]) || !std::isfinite(p[axis]), kInputValuesOp,
              "point {} is {} from the sensor along an axis, which float32 does not hold",
              positions.size() - 1, place);
    }
  }
  return positions;
}

InputValues::InputValues(const InputOptions& options, const InputChoices& choices)
    : options_(options), full_colour_(choices.full_colour) {
  facts_.intensity = choices.intensity;
}

LabelledScan InputValues::of(const Scan& piece, std::int64_t first) {
  scan_ = &piece;
  first_of_piece_ = first;
  LabelledScan out;
  out.positions = seen_positions(piece);
  out.labels.assign(piece.positions.size(), kIgnoreLabel);
  out.intensity = intensity();
  if (options_.features.has_colours()) out.colours = colours();
  if (options_.features.has_normals()) out.normals = normals();
  out.columns = columns();
  return out;
}

void InputValues::add(const Replaced& of_others) {
  facts_.not_finite += of_others.not_finite;
  facts_.outside += of_others.outside;
  beyond_ = beyond_ || of_others.beyond;
  if (of_others.first < 0 || (first_ >= 0 && first_ < of_others.first)) return;
  first_ = of_others.first;
  first_column_ = of_others.first_column;
}

InputValues::Replaced InputValues::replaced() const {
  return {facts_.not_finite, facts_.outside, first_, first_column_, beyond_};
}

void InputValues::note(const std::string& text) const {
  if (options_.on_note) options_.on_note(text);
}

void InputValues::miss(const std::string& name, bool has_stand_in) {
  if (options_.strict || !has_stand_in) {
    std::string there;
    for (const Column& column : scan_->attributes) {
      there += (there.empty() ? "" : ", ") + column.name;
    }
    fail(kInputValuesOp, "the network reads {}, and the scan has no such attribute; it has {}",
         name, there.empty() ? "none" : there);
  }
  if (std::ranges::find(facts_.missing, name) == facts_.missing.end()) {
    facts_.missing.emplace_back(name);
  }
}

const PointFeature* InputValues::feature_of(PointValue value, std::string_view column) const {
  const auto found =
      std::ranges::find_if(options_.features.features, [&](const PointFeature& feature) {
        return feature.value == value && feature.column == column;
      });
  return found == options_.features.features.end() ? nullptr : &*found;
}

double InputValues::stand_in(PointValue value, std::string_view column) const {
  const PointFeature* feature = feature_of(value, column);
  return feature == nullptr ? 0 : feature->missing.value_or(0);
}

std::optional<double> InputValues::finite(const Column& column, std::int64_t point, bool is_read) {
  const double value = column.as_double(point * column.components);
  if (std::isfinite(value)) return value;
  replace(column, point, is_read, "");
  return std::nullopt;
}

std::optional<float> InputValues::finite_float(const Column& column, std::int64_t point) {
  const std::optional<double> value = finite(column, point, true);
  if (!value) return std::nullopt;
  const auto narrow = static_cast<float>(*value);
  if (std::isfinite(narrow)) return narrow;
  beyond_ = true;
  replace(column, point, true, ", which float32 does not hold");
  return std::nullopt;
}

void InputValues::replace(const Column& column, std::int64_t point, bool is_read,
                          std::string_view why) {
  require(!options_.strict || !is_read, kInputValuesOp, "{} of point {} is {}{}", column.name,
          first_of_piece_ + point, column.as_double(point * column.components), why);
  if (!is_read) return;
  ++facts_.not_finite;
  if (first_ < 0 || first_of_piece_ + point < first_) {
    first_ = first_of_piece_ + point;
    first_column_ = column.name;
  }
}

std::vector<float> InputValues::intensity() {
  const auto other = static_cast<float>(stand_in(PointValue::intensity));
  std::vector<float> out(scan_->positions.size(), other);
  const bool is_read = options_.features.has(PointValue::intensity);
  const Column* column = scan_->find("intensity");
  if (is_read && column != nullptr) require_numbers(*column);
  if (column == nullptr || column->is_text()) {
    // Bundles have long been shown 0 for it.
    if (is_read) miss("intensity", true);
    return out;
  }
  is_8_bit_ = column->type() == ColumnType::u8;
  const auto [low, high] = facts_.intensity->range;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::optional<double> value = finite(*column, static_cast<std::int64_t>(i), is_read);
    if (!value) continue;
    const double inside = std::clamp(*value, low, high);
    facts_.outside += inside == *value ? 0 : 1;
    out[i] = static_cast<float>((inside - low) / (high - low));
  }
  return out;
}

std::vector<std::array<float, 3>> InputValues::colours() {
  std::vector<std::array<float, 3>> out(scan_->positions.size());
  for (std::size_t c = 0; c < 3; ++c) {
    const auto value = static_cast<PointValue>(static_cast<std::size_t>(PointValue::red) + c);
    const Column* column = scan_->find(name_of(value));
    const PointFeature* feature = feature_of(value);
    const double other = stand_in(value);
    if (column != nullptr && feature != nullptr) require_numbers(*column);
    if (column == nullptr || !full_colour_) {
      if (feature != nullptr) miss(std::string(name_of(value)), feature->missing.has_value());
      for (auto& colour : out) colour.at(c) = static_cast<float>(other);
      continue;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto number = finite(*column, static_cast<std::int64_t>(i), feature != nullptr);
      out[i].at(c) = number ? static_cast<float>(std::clamp(*number / *full_colour_, 0.0, 1.0))
                            : static_cast<float>(other);
    }
  }
  return out;
}

std::vector<std::array<float, 3>> InputValues::normals() {
  std::array<const Column*, 3> found{};
  for (std::size_t c = 0; c < 3; ++c) {
    found.at(c) = scan_->find(std::array{"nx", "ny", "nz"}.at(c));
    if (found.at(c) == nullptr) return {};
    require_numbers(*found.at(c));
  }
  has_own_normals_ = true;
  std::vector<std::array<float, 3>> out(scan_->positions.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::array<double, 3> normal{};
    for (std::size_t c = 0; c < 3; ++c) {
      normal.at(c) = finite(*found.at(c), static_cast<std::int64_t>(i), true).value_or(0);
    }
    const double length = std::hypot(normal[0], normal[1], normal[2]);
    if (length == 0 || !std::isfinite(length)) continue;
    for (std::size_t c = 0; c < 3; ++c) out[i].at(c) = static_cast<float>(normal.at(c) / length);
  }
  return out;
}

std::vector<PointColumn> InputValues::columns() {
  std::vector<PointColumn> out;
  for (const PointFeature& feature : options_.features.features) {
    if (feature.value != PointValue::column ||
        std::ranges::find(out, feature.column, &PointColumn::name) != out.end()) {
      continue;
    }
    const auto other = static_cast<float>(feature.missing.value_or(0));
    PointColumn& to = out.emplace_back(
        PointColumn{feature.column, std::vector<float>(scan_->positions.size(), other)});
    const Column* column = scan_->find(feature.column);
    if (column == nullptr || column->components != 1) {
      miss(feature.column, feature.missing.has_value());
      continue;
    }
    require_numbers(*column);
    for (std::size_t i = 0; i < to.values.size(); ++i) {
      to.values[i] = finite_float(*column, static_cast<std::int64_t>(i)).value_or(other);
    }
  }
  return out;
}

std::string InputValues::source_of(const PointFeature& feature) const {
  const std::string name = name_of(feature);
  const auto divided = [](double unit) {
    return unit == 1 ? std::string() : fmt::format(", divided by {}", unit);
  };
  std::string text;
  const bool is_missing = std::ranges::find(facts_.missing, name) != facts_.missing.end();
  if (is_missing) {
    text = fmt::format("{}: {} for every point, no column fills it", name,
                       feature.missing.value_or(0));
  } else if (feature.value == PointValue::intensity) {
    const auto& [low, high] = facts_.intensity->range;
    text = fmt::format("{0} from column {0}{1}", name,
                       low == 0 ? divided(high) : fmt::format(", {}..{} to 0..1", low, high));
  } else if (feature.value == PointValue::red || feature.value == PointValue::green ||
             feature.value == PointValue::blue) {
    text = fmt::format("{0} from column {0}{1}", name, divided(full_colour_.value_or(1)));
  } else if (feature.value == PointValue::column) {
    text = fmt::format("{0} from column {0}", name);
  } else if (options_.features.has_normals() && name.starts_with("normal")) {
    text = fmt::format("{} {}", name, has_own_normals_ ? "from the file" : "of the points around");
  } else {
    text = name;
  }
  text += divided(feature.divisor());
  if (feature.scale != 1) text += fmt::format(", times {}", feature.scale);
  if (feature.offset != 0) text += fmt::format(", plus {}", feature.offset);
  return text;
}

std::string_view InputValues::replacement() const {
  const bool is_zero = std::ranges::all_of(options_.features.features, [](const auto& feature) {
    return feature.missing.value_or(0) == 0;
  });
  return is_zero ? "0" : "what stands in for them";
}

void InputValues::say_range() const {
  if (!facts_.intensity || !options_.features.has(PointValue::intensity)) return;
  const auto& [range, source] = *facts_.intensity;
  const bool is_plain = source == RangeSource::type && is_8_bit_;
  if (!is_plain && (source == RangeSource::type || source == RangeSource::values)) {
    note(fmt::format("intensity is taken to go from {} to {}, by its {}; --intensity-range tells",
                     range.low, range.high,
                     source == RangeSource::type ? "type and values" : "values"));
  }
  if (facts_.outside > 0) {
    note(fmt::format("{} intensities lie outside {} to {}: they count as its ends", facts_.outside,
                     range.low, range.high));
  }
}

InputFacts InputValues::finish() {
  say_range();
  if (facts_.not_finite > 0) {
    note(fmt::format(
        "{} values that the network reads are not finite{}, first {} of point {}: they count as {}",
        facts_.not_finite, beyond_ ? ", or not as float32" : "", first_column_, first_,
        replacement()));
  }
  if (!facts_.missing.empty()) {
    note(fmt::format("the network reads {}, which no column fills: taken as {}",
                     fmt::join(facts_.missing, ", "), replacement()));
  }
  for (const PointFeature& feature : options_.features.features) {
    facts_.sources.push_back(source_of(feature));
  }
  return std::move(facts_);
}

}  // namespace voxloom::data
