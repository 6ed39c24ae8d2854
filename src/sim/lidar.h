// A spinning lidar.
#pragma once

#include <span>
#include <vector>

#include "data/draw.h"
#include "voxloom/simulator.h"

namespace voxloom::street {

using sim::Sensor;

struct Scene;

struct LidarModel {
  std::vector<double> elevations;  // degrees, from the top beam down
  // How far above the origin of a scan its beams start, metres: the upper half's and the lower's.
  double upper_lift = 0, lower_lift = 0;
  int columns = 2000;      // per turn
  double range = 80;       // metres
  double nearest = 2;      // closer returns are dropped: the vehicle's own
  double noise = 0.015;    // standard deviation of a range, metres
  double drop_out = 0.02;  // share of returns lost for no reason
};

[[nodiscard]] LidarModel lidar_of(Sensor sensor);

// One turn, column by column within a beam, beams from the top down; in the sensor's frame. Parallel
// over rays; the same for every number of threads.
[[nodiscard]] LabelledScan spin(const Scene& scene, const LidarModel& model, std::uint64_t seed);

}  // namespace voxloom::street
