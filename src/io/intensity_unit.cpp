#include "io/intensity_unit.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace voxloom::io {
namespace {

double largest_of(const Column& column) {
  const auto* values = std::get_if<std::vector<std::uint16_t>>(&column.values);
  return values == nullptr || values->empty() ? 0 : *std::ranges::max_element(*values);
}

// Of a scan in one piece.
std::optional<Interval> known_range(const Scan& scan, const Column& intensity) {
  if (const auto unit = unit_of_type(intensity.type(), largest_of(intensity))) {
    return Interval{0, *unit};
  }
  if (!scan.intensity_range) return std::nullopt;
  SpreadSearch values(intensity.points());
  values.look(intensity, 0);
  return keep_to(*scan.intensity_range, values.spread()) ? scan.intensity_range : std::nullopt;
}

// Nothing says what the values went to, and they are not what a format wants that goes to `full`: beyond it, or all of
// them shares of 1 where more would be written.
void note_unknown(const Column& intensity, double full, const OnNote& note) {
  double low = 0, high = 0;
  for (std::int64_t i = 0; i < intensity.points(); ++i) {
    const double value = intensity.as_double(i);
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const bool are_shares = full > 1 && high > 0 && high <= 1;
  if (low >= 0 && high <= full && !are_shares) return;
  note(fmt::format("intensities from {} to {} stay as they are, and are read as 0 to {}", low, high,
                   full));
}

}  // namespace

std::optional<double> unit_of_type(ColumnType type, double largest) {
  constexpr std::array<double, 3> kUnits = {255, 4095, 65535};
  if (type == ColumnType::u8) return kUnits[0];
  if (type == ColumnType::u16) return usual_unit(largest, kUnits);
  return std::nullopt;
}

bool keep_to(const Interval& range, const Spread& values) {
  return values.low >= range.low && values.high <= range.high &&
         (range.low >= 0 || values.least < 0);
}

std::optional<Column> intensities_to(double full, const Scan& scan, const OnNote& note) {
  const Column* column = scan.find("intensity");
  if (column == nullptr || column->components != 1 || column->is_text()) return std::nullopt;
  const std::optional<Interval> range = known_range(scan, *column);
  if (!range && note) note_unknown(*column, full, note);
  if (!range || *range == Interval{0, full}) return *column;
  std::vector<float> values(static_cast<std::size_t>(column->points()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = column->as_double(static_cast<std::int64_t>(i));
    values[i] = static_cast<float>((value - range->low) / (range->high - range->low) * full);
  }
  if (note) {
    note(fmt::format("intensities from {} to {} are written as 0 to {}", range->low, range->high,
                     full));
  }
  return Column{"intensity", 1, std::move(values)};
}

}  // namespace voxloom::io
