// Which range a scan's intensities have: what nothing tells, most of the values do.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/error.h"
#include "io/spread.h"
#include "voxloom/scan_input.h"

namespace voxloom {
namespace {

constexpr std::array<double, 4> kUnits = {1, 255, 4095, 65535};

double largest(std::span<const std::uint16_t> values) {
  return values.empty() ? 0 : *std::ranges::max_element(values);
}

}  // namespace

std::optional<IntensityChoice> choose_intensity(const Scan& scan,
                                                const std::optional<Interval>& told) {
  const Column* column = scan.find("intensity");
  if (column == nullptr) return std::nullopt;
  if (told) {
    require(std::isfinite(told->low) && std::isfinite(told->high) && told->low < told->high,
            "intensity_range", "{} to {} is no range", told->low, told->high);
    return IntensityChoice{*told, RangeSource::caller};
  }
  if (column->type() == ColumnType::u8) return IntensityChoice{{0, 255}, RangeSource::type};
  if (column->type() == ColumnType::u16) {
    const double most = largest(column->span<std::uint16_t>());
    const double unit = io::usual_unit(most, std::span(kUnits).subspan(1));
    return IntensityChoice{{0, unit}, RangeSource::type};
  }
  const std::array<const Column*, 1> one = {column};
  const io::Spread spread = io::spread_of(one);
  if (scan.intensity_range) {
    const Interval& range = *scan.intensity_range;
    const bool keeps = spread.low >= range.low && spread.high <= range.high;
    // A range that begins below 0 says nothing of values that do not.
    const bool tells = range.low >= 0 || spread.least < 0;
    if (keeps && tells) return IntensityChoice{range, RangeSource::format};
  }
  return IntensityChoice{{0, io::usual_unit(spread.high, kUnits)}, RangeSource::values};
}

}  // namespace voxloom
