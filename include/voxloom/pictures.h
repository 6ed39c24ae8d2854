// Pictures of point clouds: seen from above, and in perspective.
//
// Positions are x forward, y left, z up, in metres. Points that are not finite are left out.
// Errors: std::invalid_argument when there is not one colour per point.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "voxloom/canvas.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {
namespace viz {

struct PointCloud {
  std::span<const std::array<float, 3>> positions;
  std::span<const Color> colors;  // one per point
};

struct LegendEntry {
  std::string name;
  Color color;
};

// The legend stands in a strip of its own, to the right.
struct PictureOptions {
  int width = 1280, height = 800;
  std::string title = {};
  std::vector<LegendEntry> legend = {};
};

// From above, forward is up, with a scale bar, and a cross at the origin where that is in or near the cloud. Shows the box
// that holds all but the outermost hundredth of the points on each side, and a room without its ceiling.
[[nodiscard]] Canvas view_from_above(const PointCloud& points, const PictureOptions& options = {});

// Of a cloud that crowds around a sensor above the ground, as from a car, from behind and above the origin, looking forward
// and down; of another all of it, from outside over its longer side, and of a room without its ceiling and the walls on
// this side. Points are balls, near ones large, and edges of depth are shaded (eye-dome lighting), so that shapes can be
// told apart.
[[nodiscard]] Canvas view_in_perspective(const PointCloud& points,
                                         const PictureOptions& options = {});

}  // namespace viz
}  // namespace voxloom
