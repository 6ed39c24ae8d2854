// What a street is drawn from, per split, and what was drawn for one street.
#pragma once

#include <array>
#include <cstdint>

#include "data/draw.h"
#include "sim/lidar.h"
#include "sim/road.h"
#include "voxloom/simulator.h"

namespace voxloom::street {

using sim::Split;
using sim::WorldOptions;

enum class Layout : std::uint8_t { straight, curved, crossing, junction };
enum class Quarter : std::uint8_t { rows, houses, works, fields };

// The ranges of a split. Shares are weights in the order of their enumerations.
struct SplitRanges {
  std::array<double, 4> layouts;
  std::array<double, 4> quarters;
  std::array<double, 3> sensors;
  std::array<Range, 2> heights;  // of the sensor; one of the two is chosen
  Range lane_width, setback, parked, traffic, people, trees, radius;
};
[[nodiscard]] const SplitRanges& ranges_of(Split split);

struct StreetDesign {
  Layout layout = Layout::straight;
  Quarter quarter = Quarter::rows;
  double lane_width = 3.2;
  int lanes = 2;
  double setback = 5;    // of buildings, from the sidewalk's far edge
  double parked = 0.4;   // share of the places at the kerb that are taken
  double traffic = 1.5;  // vehicles per lane and 100 m
  double people = 4;     // per 100 m of sidewalk
  double trees = 0.5;    // 0 to 1
  double radius = 100;   // of a curve
  Sensor sensor = Sensor::hdl64;
  double sensor_height = 1.73;
};
[[nodiscard]] StreetDesign draw_design(const WorldOptions& options, Draw& draw);

}  // namespace voxloom::street
