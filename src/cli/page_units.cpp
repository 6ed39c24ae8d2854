#include "cli/page_units.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "voxloom/survey.h"

namespace voxloom::cli {
namespace {

constexpr std::string_view kAngle = "°";

// As EPSG, OGC and Esri write them, in small letters.
constexpr auto kShortUnits = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"metre", "m"},
     {"meter", "m"},
     {"m", "m"},
     {"foot", "ft"},
     {"international foot", "ft"},
     {"us survey foot", "US ft"},
     {"foot_us", "US ft"},
     {"us_survey_foot", "US ft"},
     {"degree", kAngle},
     {"degree (supplier to define representation)", kAngle}});

std::string short_unit(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto known =
      std::ranges::find(kShortUnits, name, &std::pair<std::string_view, std::string_view>::first);
  return known == kShortUnits.end() ? std::move(name) : std::string(known->second);
}

}  // namespace

std::array<std::string, 2> page_units(const Scan& scan) {
  const auto system = coordinate_system(scan);
  if (!system) return {};
  const std::string plane = short_unit(system->unit);
  if (system->heights && !system->heights->unit.empty()) {
    return {plane, short_unit(system->heights->unit)};
  }
  return {plane, plane == kAngle ? std::string() : plane};
}

}  // namespace voxloom::cli
