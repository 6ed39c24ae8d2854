// Colours of any type with 8 bits a channel.
#include "io/colours.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace voxloom {
namespace {

constexpr double kMost8 = 255, kMost16 = 65535;

using Channels = std::array<const Column*, 3>;

std::optional<Channels> find_channels(const Scan& scan) {
  Channels channels{};
  for (std::size_t c = 0; c < 3; ++c) {
    channels.at(c) = scan.find(std::array{"red", "green", "blue"}.at(c));
    if (channels.at(c) == nullptr || channels.at(c)->components != 1) return std::nullopt;
  }
  return channels;
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

}  // namespace

io::ColourSurvey::ColourSurvey(std::int64_t points) : spread_(points) {}

void io::ColourSurvey::look(const Scan& piece, std::int64_t first) {
  const std::optional<Channels> channels = find_channels(piece);
  is_there_ = channels.has_value();
  if (!is_there_) return;
  has_floats_ = std::ranges::any_of(*channels, [](auto* c) { return is_float(c->type()); });
  for (const Column* column : *channels) {
    if (has_floats_) spread_.look(*column, first);
    std::visit(
        [&](const auto& values) {
          for (const auto value : values) {
            const auto wide = static_cast<double>(value);
            high_ = std::max(high_, wide);
            low_ = std::min(low_, wide);
            has_nan_ = has_nan_ || std::isnan(wide);
          }
        },
        column->values);
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

ByteColours io::bytes_of_colours(const Scan& scan, double unit) {
  const std::optional<Channels> channels = find_channels(scan);
  require(channels.has_value(), "byte_colours", "the scan has no colours");
  ByteColours colours;
  for (std::size_t c = 0; c < 3; ++c) {
    std::visit(
        [&](const auto& values) {
          colours.at(c).reserve(values.size());
          for (const auto value : values) {
            colours.at(c).push_back(byte_of(static_cast<double>(value), unit));
          }
        },
        channels->at(c)->values);
  }
  return colours;
}

std::optional<ByteColours> byte_colours(const Scan& scan, StrayColours stray) {
  io::ColourSurvey survey(scan.size());
  survey.look(scan, 0);
  const std::optional<double> unit = survey.unit();
  if (!unit || (stray == StrayColours::refuse && !survey.is_whole())) return std::nullopt;
  return io::bytes_of_colours(scan, *unit);
}

}  // namespace voxloom
