// Colours of any type with 8 bits a channel.
#include "io/colours.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/column_type.h"

namespace voxloom {
namespace {

constexpr double kMost8 = 255, kMost16 = 65535;

constexpr std::array<std::string_view, 3> kRgbNames = {"red", "green", "blue"};
constexpr std::array<std::string_view, 1> kAlphaNames = {"alpha"};

// All of them, or none.
std::vector<const Column*> find_channels(const Scan& scan, io::Channels channels) {
  const std::span<const std::string_view> names =
      channels == io::Channels::rgb ? std::span<const std::string_view>(kRgbNames) : kAlphaNames;
  std::vector<const Column*> found;
  for (const std::string_view name : names) {
    const Column* column = scan.find(name);
    if (column == nullptr || column->components != 1 || column->is_text()) return {};
    found.push_back(column);
  }
  return found;
}

// Upper bytes are cut out, all else is rounded.
std::uint8_t byte_of(double value, double unit) {
  if (!(value > 0)) return 0;
  const double inside = std::min(value, unit);
  const double scaled = unit == kMost16 ? std::floor(inside / 256)
                        : unit == 1     ? std::round(inside * kMost8)
                                        : std::round(inside);
  return static_cast<std::uint8_t>(scaled);
}

std::vector<std::uint8_t> bytes_of(const Column& column, double unit) {
  std::vector<std::uint8_t> bytes;
  io::visit_numbers(column, [&](const auto& values) {
    bytes.reserve(values.size());
    for (const auto value : values) bytes.push_back(byte_of(static_cast<double>(value), unit));
  });
  return bytes;
}

}  // namespace

io::ColourSurvey::ColourSurvey(std::int64_t points, Channels channels)
    : channels_(channels), spread_(points) {}

void io::ColourSurvey::look(const Scan& piece, std::int64_t first) {
  const std::vector<const Column*> channels = find_channels(piece, channels_);
  is_there_ = !channels.empty();
  if (!is_there_) return;
  has_floats_ = std::ranges::any_of(channels, [](auto* c) { return is_float(c->type()); });
  for (const Column* column : channels) {
    if (has_floats_) spread_.look(*column, first);
    io::visit_numbers(*column, [&](const auto& values) {
      for (const auto value : values) {
        const auto wide = static_cast<double>(value);
        high_ = std::max(high_, wide);
        low_ = std::min(low_, wide);
        has_nan_ = has_nan_ || std::isnan(wide);
      }
    });
  }
}

void io::ColourSurvey::add(double high, std::span<const double> samples) {
  high_ = std::max(high_, high);
  spread_.add(samples);
}

std::optional<double> io::ColourSurvey::unit() const {
  if (!is_there_) return std::nullopt;
  const double high = has_floats_ ? spread_.spread().high : high_;
  if (has_floats_ && high <= 1) return 1;
  if (high <= kMost8) return kMost8;
  return high <= kMost16 ? std::optional(kMost16) : std::nullopt;
}

bool io::ColourSurvey::is_whole() const {
  const std::optional<double> full = unit();
  return full && !has_nan_ && low_ >= 0 && high_ <= *full;
}

bool io::has_byte_colours(const Scan& scan) {
  const std::vector<const Column*> channels = find_channels(scan, Channels::rgb);
  return !channels.empty() &&
         std::ranges::all_of(channels, [](auto* c) { return c->type() == ColumnType::u8; });
}

ByteColours io::bytes_of_colours(const Scan& scan, double unit) {
  const std::vector<const Column*> channels = find_channels(scan, Channels::rgb);
  require(!channels.empty(), "byte_colours", "the scan has no colours");
  ByteColours colours;
  for (std::size_t c = 0; c < 3; ++c) colours.at(c) = bytes_of(*channels[c], unit);
  return colours;
}

std::vector<std::uint8_t> io::bytes_of_alpha(const Scan& scan, double unit) {
  const std::vector<const Column*> channels = find_channels(scan, Channels::alpha);
  require(!channels.empty(), "byte_colours", "the scan has no alpha");
  return bytes_of(*channels.front(), unit);
}

std::optional<ByteColours> byte_colours(const Scan& scan, StrayColours stray) {
  io::ColourSurvey survey(scan.size());
  survey.look(scan, 0);
  const std::optional<double> unit = survey.unit();
  if (!unit || (stray == StrayColours::refuse && !survey.is_whole())) return std::nullopt;
  return io::bytes_of_colours(scan, *unit);
}

}  // namespace voxloom
