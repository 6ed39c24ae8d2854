// Colours of any type with 8 bits a channel.
#include <algorithm>
#include <cmath>

#include "voxloom/scan.h"

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

struct Range {
  double low = 0, high = 0;
  bool is_finite = true;
};

Range range_of(const Column& column) {
  Range range;
  std::visit(
      [&](const auto& values) {
        for (const auto value : values) {
          const auto wide = static_cast<double>(value);
          range.is_finite = range.is_finite && std::isfinite(wide);
          range.low = std::min(range.low, wide);
          range.high = std::max(range.high, wide);
        }
      },
      column.values);
  return range;
}

// What makes 0..255 of the channels; nothing when they are no colours.
std::optional<double> factor_of(const Channels& channels) {
  double high = 0;
  for (const Column* column : channels) {
    const Range range = range_of(*column);
    if (!range.is_finite || range.low < 0 || range.high > kMost16) return std::nullopt;
    high = std::max(high, range.high);
  }
  const bool floats = std::ranges::any_of(channels, [](auto* c) { return is_float(c->type()); });
  if (floats && high <= 1) return kMost8;
  if (high <= kMost8) return 1;
  return 1.0 / 256;
}

}  // namespace

std::optional<ByteColours> byte_colours(const Scan& scan) {
  const std::optional<Channels> channels = find_channels(scan);
  if (!channels) return std::nullopt;
  const std::optional<double> factor = factor_of(*channels);
  if (!factor) return std::nullopt;
  ByteColours colours;
  for (std::size_t c = 0; c < 3; ++c) {
    std::visit(
        [&](const auto& values) {
          colours.at(c).reserve(values.size());
          for (const auto value : values) {
            const double scaled = static_cast<double>(value) * *factor;
            // Upper bytes are cut out, all else is rounded.
            colours.at(c).push_back(
                static_cast<std::uint8_t>(*factor < 1 ? std::floor(scaled) : std::round(scaled)));
          }
        },
        channels->at(c)->values);
  }
  return colours;
}

}  // namespace voxloom
