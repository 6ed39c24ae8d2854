// The beams' elevations as their makers give them. Where the HDL-64E's two blocks meet, and how far
// their beams start above the origin, is what lines through the rings of a KITTI scan have.
#include "sim/lidar.h"

namespace voxloom::street {
namespace {

// Two blocks of 32 beams: a third of a degree apart above, half a degree below.
std::vector<double> hdl64_elevations() {
  std::vector<double> beams;
  for (int i = 0; i < 32; ++i) beams.push_back(2.0 - i * (9.85 / 31));
  for (int i = 0; i < 32; ++i) beams.push_back(-8.1 - i * (16.7 / 31));
  return beams;
}

std::vector<double> even_elevations(double top, double step, int count) {
  std::vector<double> beams;
  for (int i = 0; i < count; ++i) beams.push_back(top - i * step);
  return beams;
}

}  // namespace

LidarModel lidar_of(Sensor sensor) {
  switch (sensor) {
    case Sensor::hdl64:
      return {.elevations = hdl64_elevations(),
              .upper_lift = 0.15,
              .lower_lift = 0.04,
              .columns = 2083,
              .noise = 0.015};
    case Sensor::hdl32:
      return {.elevations = even_elevations(10.67, 4.0 / 3, 32), .columns = 2170, .noise = 0.02};
    default: break;  // vlp16: no other sensor is one of streets
  }
  return {.elevations = even_elevations(15, 2, 16), .columns = 1800, .noise = 0.02};
}

}  // namespace voxloom::street
