#include "data/input_survey.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "io/intensity_unit.h"

namespace voxloom {
namespace data {

IntensitySurvey::IntensitySurvey(std::int64_t points, const std::optional<Interval>& told)
    : told_(told), spread_(points) {}

void IntensitySurvey::look(const Scan& piece, std::int64_t first) {
  const Column* column = piece.find("intensity");
  if (column == nullptr || column->is_text()) return;
  type_ = column->type();
  format_range_ = piece.intensity_range;
  if (told_ || *type_ == ColumnType::u8) return;
  if (*type_ != ColumnType::u16) return spread_.look(*column, first);
  for (const std::uint16_t value : column->span<std::uint16_t>()) {
    largest_ = std::max(largest_, static_cast<double>(value));
  }
}

void IntensitySurvey::add(double largest, std::span<const double> samples) {
  largest_ = std::max(largest_, largest);
  spread_.add(samples);
}

std::optional<IntensityChoice> IntensitySurvey::choice() const {
  if (!type_) return std::nullopt;
  if (told_) {
    require(std::isfinite(told_->low) && std::isfinite(told_->high) && told_->low < told_->high,
            "intensity_range", "{} to {} is no range", told_->low, told_->high);
    return IntensityChoice{*told_, RangeSource::caller};
  }
  if (const auto unit = io::unit_of_type(*type_, largest_)) {
    return IntensityChoice{{0, *unit}, RangeSource::type};
  }
  const io::Spread spread = spread_.spread();
  if (format_range_ && io::keep_to(*format_range_, spread)) {
    return IntensityChoice{*format_range_, RangeSource::format};
  }
  constexpr std::array<double, 4> kUnits = {1, 255, 4095, 65535};
  return IntensityChoice{{0, io::usual_unit(spread.high, kUnits)}, RangeSource::values};
}

InputSurvey::InputSurvey(std::int64_t points, const InputOptions& options)
    : has_colours_(options.features.has_colours()),
      intensity_(points, options.intensity_range),
      colours_(points) {}

void InputSurvey::look(const Scan& piece, std::int64_t first) {
  intensity_.look(piece, first);
  if (has_colours_) colours_.look(piece, first);
}

// The largest of both, how many samples of intensities, and the samples of both.
std::vector<double> InputSurvey::seen() const {
  const auto intensities = intensity_.samples(), colours = colours_.samples();
  std::vector<double> seen = {intensity_.largest(), colours_.high(),
                              static_cast<double>(intensities.size())};
  seen.insert(seen.end(), intensities.begin(), intensities.end());
  seen.insert(seen.end(), colours.begin(), colours.end());
  return seen;
}

void InputSurvey::add(std::span<const double> seen) {
  constexpr std::size_t kHead = 3;
  const bool is_whole =
      seen.size() >= kHead && seen[2] >= 0 && seen[2] <= static_cast<double>(seen.size() - kHead);
  require(is_whole, "scan_input", "{} numbers of a survey are not as many as it says", seen.size());
  const auto intensities = static_cast<std::size_t>(seen[2]);
  intensity_.add(seen[0], seen.subspan(kHead, intensities));
  colours_.add(seen[1], seen.subspan(kHead + intensities));
}

InputChoices InputSurvey::choices() const {
  return {.intensity = intensity_.choice(),
          .full_colour = has_colours_ ? colours_.unit() : std::nullopt};
}

}  // namespace data

std::optional<IntensityChoice> choose_intensity(const Scan& scan,
                                                const std::optional<Interval>& told) {
  data::IntensitySurvey survey(scan.size(), told);
  survey.look(scan, 0);
  return survey.choice();
}

}  // namespace voxloom
