#include "sim/street_design.h"

namespace voxloom::street {
namespace {

// Training sees 64 and 16 beams, held-out streets mostly 32; sensors stand lower or higher than in
// training, crossings and junctions are more frequent, and every density reaches further both ways.
constexpr SplitRanges kTrain = {.layouts = {0.4, 0.3, 0.2, 0.1},
                                .quarters = {0.3, 0.4, 0.1, 0.2},
                                .sensors = {0.65, 0, 0.35},
                                .heights = {{{1.62, 1.85}, {1.85, 2.0}}},
                                .lane_width = {2.9, 3.6},
                                .setback = {2, 8},
                                .parked = {0.2, 0.75},
                                .traffic = {0.6, 2.4},
                                .people = {3, 11},
                                .trees = {0.2, 0.8},
                                .radius = {80, 200}};
constexpr SplitRanges kHeldOut = {.layouts = {0.2, 0.25, 0.3, 0.25},
                                  .quarters = {0.35, 0.3, 0.2, 0.15},
                                  .sensors = {0.4, 0.4, 0.2},
                                  .heights = {{{1.48, 1.62}, {2.0, 2.2}}},
                                  .lane_width = {2.7, 3.9},
                                  .setback = {0.5, 12},
                                  .parked = {0.05, 0.95},
                                  .traffic = {0.3, 3.2},
                                  .people = {2, 14},
                                  .trees = {0.05, 1},
                                  .radius = {60, 120}};

constexpr std::array<double, 3> kUsualHeights = {1.73, 1.85, 1.75};

void draw_sensor(const WorldOptions& options, const SplitRanges& ranges, StreetDesign& design,
                 Draw& draw) {
  design.sensor = static_cast<Sensor>(draw.weighted(ranges.sensors));
  design.sensor_height = draw.in(ranges.heights[static_cast<std::size_t>(draw.whole(0, 1))]);
  if (options.sensor) {
    design.sensor = *options.sensor;
    design.sensor_height = kUsualHeights[static_cast<std::size_t>(design.sensor)];
  }
}

}  // namespace

const SplitRanges& ranges_of(Split split) { return split == Split::train ? kTrain : kHeldOut; }

StreetDesign draw_design(const WorldOptions& options, Draw& draw) {
  const SplitRanges& ranges = ranges_of(options.split);
  StreetDesign design;
  design.layout = static_cast<Layout>(draw.weighted(ranges.layouts));
  design.quarter = static_cast<Quarter>(draw.weighted(ranges.quarters));
  design.lane_width = draw.in(ranges.lane_width);
  design.lanes = draw.chance(0.8) ? 2 : 4;
  design.setback = draw.in(ranges.setback);
  design.parked = draw.in(ranges.parked);
  design.traffic = draw.in(ranges.traffic);
  design.people = draw.in(ranges.people);
  design.trees = draw.in(ranges.trees);
  design.radius = draw.in(ranges.radius);
  draw_sensor(options, ranges, design, draw);
  return design;
}

}  // namespace voxloom::street
