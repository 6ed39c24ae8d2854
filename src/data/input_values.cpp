#include "data/input_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/colours.h"

namespace voxloom::data {
namespace {

constexpr std::string_view kInputValuesOp = "scan_input";

}  // namespace

InputValues::InputValues(const Scan& scan, const InputOptions& options)
    : scan_(scan), options_(options) {}

void InputValues::note(const std::string& text) const {
  if (options_.on_note) options_.on_note(text);
}

void InputValues::miss(const char* name) {
  require(!options_.strict, kInputValuesOp,
          "the network reads {}, and the scan has no such attribute", name);
  facts_.missing.emplace_back(name);
}

std::optional<double> InputValues::finite(const Column& column, std::int64_t point, bool is_read) {
  const double value = column.as_double(point * column.components);
  if (std::isfinite(value)) return value;
  require(!options_.strict || !is_read, kInputValuesOp, "{} of point {} is {}", column.name, point,
          value);
  if (is_read && facts_.not_finite++ == 0) {
    first_ = point;
    first_column_ = column.name;
  }
  return std::nullopt;
}

std::vector<float> InputValues::intensity() {
  std::vector<float> out(scan_.positions.size(), 0.0F);
  const bool is_read = options_.features.has(PointFeature::intensity);
  const Column* column = scan_.find("intensity");
  if (column == nullptr) {
    if (is_read) miss("intensity");
    return out;
  }
  facts_.intensity = choose_intensity(scan_, options_.intensity_range);
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
  std::vector<std::array<float, 3>> out(scan_.positions.size());
  const std::optional<double> full = io::colour_unit(scan_);
  for (std::size_t c = 0; c < 3; ++c) {
    const char* name = std::array{"red", "green", "blue"}.at(c);
    const Column* column = scan_.find(name);
    const bool is_read = options_.features.has(
        std::array{PointFeature::red, PointFeature::green, PointFeature::blue}.at(c));
    if (column == nullptr || !full) {
      if (is_read) miss(name);
      continue;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double value = finite(*column, static_cast<std::int64_t>(i), is_read).value_or(0);
      out[i].at(c) = static_cast<float>(std::clamp(value / *full, 0.0, 1.0));
    }
  }
  return out;
}

void InputValues::say_range() const {
  if (!facts_.intensity || !options_.features.has(PointFeature::intensity)) return;
  const auto& [range, source] = *facts_.intensity;
  const bool is_plain =
      source == RangeSource::type && scan_.find("intensity")->type() == ColumnType::u8;
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
        "{} values that the network reads are not finite, first {} of point {}: they count as 0",
        facts_.not_finite, first_column_, first_));
  }
  if (!facts_.missing.empty()) {
    note(fmt::format("the network reads {}, which no column fills: taken as 0",
                     fmt::join(facts_.missing, ", ")));
  }
  return std::move(facts_);
}

}  // namespace voxloom::data
