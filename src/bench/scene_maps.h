// A scene with its coordinate set, and what its kernel maps cost.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "bench/scene.h"
#include "coords/map_blocks.h"
#include "voxloom/kernel_map.h"

namespace voxloom::bench {

// The kernels that are measured: a cube, and one stride for all axes. Stride 1 keeps the rows.
struct Cube {
  std::int32_t size = 3;
  std::int32_t stride = 1;
  friend auto operator<=>(const Cube&, const Cube&) = default;
};
[[nodiscard]] KernelSpec kernel_of(const Cube& cube);
[[nodiscard]] std::string name_of(const Cube& cube);  // "3x3x3", "2x2x2 stride 2"

// Bytes of the encoding that the engine reads.
[[nodiscard]] std::int64_t bytes_of(const MapBlocks& blocks);

// From unsorted rows to the encoding that the engine reads: set, index, support and map.
[[nodiscard]] KernelMap build_map(const std::vector<Coordinate>& rows, const Cube& cube);

class SceneMaps {
 public:
  explicit SceneMaps(Scene scene);

  [[nodiscard]] const std::string& name() const { return scene_.name; }
  [[nodiscard]] const std::vector<Coordinate>& rows() const { return scene_.rows; }
  [[nodiscard]] const CoordinateSet& set() const { return set_; }
  [[nodiscard]] KernelMap map(const Cube& cube) const;  // kept with the set

  // Seconds that build_map takes with that many threads: the median of a few runs, then remembered.
  [[nodiscard]] double map_seconds(const Cube& cube, int threads);

 private:
  Scene scene_;
  CoordinateSet set_;
  std::map<std::tuple<Cube, int>, double> seconds_;
};

}  // namespace voxloom::bench
