// Colours of any type with 8 bits a channel.
#include "io/colours.h"

#include <algorithm>
#include <cmath>

#include "io/spread.h"

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

double largest(const Channels& channels) {
  double high = 0;
  for (const Column* column : channels) {
    std::visit(
        [&](const auto& values) {
          for (const auto value : values) high = std::max(high, static_cast<double>(value));
        },
        column->values);
  }
  return high;
}

std::optional<double> unit_of(const Channels& channels) {
  const bool floats = std::ranges::any_of(channels, [](auto* c) { return is_float(c->type()); });
  const double high = floats ? io::spread_of(channels).high : largest(channels);
  if (floats && high <= 1) return 1;
  if (high <= kMost8) return kMost8;
  return high <= kMost16 ? std::optional(kMost16) : std::nullopt;
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

std::optional<double> io::colour_unit(const Scan& scan) {
  const std::optional<Channels> channels = find_channels(scan);
  return channels ? unit_of(*channels) : std::nullopt;
}

std::optional<ByteColours> byte_colours(const Scan& scan, StrayColours stray) {
  const std::optional<Channels> channels = find_channels(scan);
  const std::optional<double> unit = channels ? unit_of(*channels) : std::nullopt;
  if (!unit) return std::nullopt;
  ByteColours colours;
  bool is_whole = true;
  for (std::size_t c = 0; c < 3; ++c) {
    std::visit(
        [&](const auto& values) {
          colours.at(c).reserve(values.size());
          for (const auto value : values) {
            const auto wide = static_cast<double>(value);
            is_whole = is_whole && wide >= 0 && wide <= *unit;
            colours.at(c).push_back(byte_of(wide, *unit));
          }
        },
        channels->at(c)->values);
  }
  if (!is_whole && stray == StrayColours::refuse) return std::nullopt;
  return colours;
}

}  // namespace voxloom
