// One self-contained HTML page that shows a point cloud: it turns, zooms, colours the points by class,
// by a value or by their own colour, hides classes, and tells of a point what is known of it.
//
// The page needs a browser with WebGL 2 and DecompressionStream (any of 2023 or later) and no network.
// Positions are x forward, y left, z up, in metres; they are kept to the millimetre in clouds up to
// 16 km wide, else to a 2^-24th of the width. Values are kept in 255 steps between the smallest and
// the largest; what lies far beyond nearly all others counts as the end of those. Points that are not finite are
// left out, and so are, in wider clouds, those far from nearly all others; of more than `most_points` an even
// choice is shown. The page says so.
// Errors: std::invalid_argument when an array does not have one entry per point, a class is no place
// in the table, or there are more than 255 classes or 16 values; std::system_error when the file cannot
// be written, which appears whole or not at all.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "voxloom/canvas.h"
#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {
namespace viz {

struct PageClass {
  std::string name;
  Color color;
};

struct PageValue {
  std::string name;
  std::span<const float> values;  // one per point
};

// Every array but the positions may be empty.
struct PageCloud {
  std::span<const std::array<float, 3>> positions;
  std::span<const std::int32_t> classes;  // a place in `table`, or negative for no class
  std::vector<PageClass> table = {};
  std::vector<PageValue> values = {};
  std::span<const Color> colors = {};  // the points' own
  // Where the positions count from: the page tells a point's place with this added.
  std::array<double, 3> origin = {0, 0, 0};
};

struct PageFact {
  std::string name, value;
};

struct PageOptions {
  std::string title = "points";
  std::vector<PageFact> facts = {};  // listed on the page, such as where the labels come from
  std::int64_t most_points = 2'000'000;
};

[[nodiscard]] std::string format_page(const PageCloud& cloud, const PageOptions& options = {});
void write_page(const std::filesystem::path& path, const PageCloud& cloud,
                const PageOptions& options = {});

}  // namespace viz
}  // namespace voxloom
