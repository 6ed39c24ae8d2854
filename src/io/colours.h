// What stands for a full colour, and colours with 8 bits a channel.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "io/spread.h"
#include "voxloom/scan.h"

namespace voxloom::io {

// The columns that share a unit: colours, or how little shines through.
enum class Channels : std::uint8_t { rgb, alpha };

// Over a scan that may come in pieces.
class ColourSurvey {
 public:
  explicit ColourSurvey(std::int64_t points, Channels channels = Channels::rgb);  // of the whole

  // `first`: the number of the piece's first point.
  void look(const Scan& piece, std::int64_t first);
  // What another survey of the same scan saw, of other points.
  void add(double high, std::span<const double> samples);
  [[nodiscard]] double high() const { return high_; }
  [[nodiscard]] std::span<const double> samples() const { return spread_.values(); }

  // 1, 255 or 65535, told by the types and by most of the values; nothing where there are not all of the channels'
  // columns, of one number each, or their values are none of these.
  [[nodiscard]] std::optional<double> unit() const;
  // Whether every value that was looked at here is within 0 and the unit.
  [[nodiscard]] bool is_whole() const;

 private:
  Channels channels_;
  SpreadSearch spread_;
  bool is_there_ = false, has_floats_ = false, has_nan_ = false;
  double high_ = 0, low_ = 0;
};

// Whether all three are there, as uint8.
[[nodiscard]] bool has_byte_colours(const Scan& scan);
// What writers of 8 bits say of others.
inline constexpr std::string_view kByteColoursNote = "colours are written with 8 bits";

// What is beyond 0 or the unit counts as its end.
[[nodiscard]] ByteColours bytes_of_colours(const Scan& scan, double unit);
[[nodiscard]] std::vector<std::uint8_t> bytes_of_alpha(const Scan& scan, double unit);

}  // namespace voxloom::io
