// One self-contained HTML page that shows a point cloud: it turns, zooms, colours the points by class,
// by a value or by their own colour, hides and finds classes, tells of a point what is known of it, measures from point to
// point, saves a picture, and shows two colourings side by side, with what differs between two classes of each point.
//
// The page needs a browser with WebGL 2 and DecompressionStream (any of 2023 or later) and no network.
// Positions are x forward, y left, z up. They are kept to a thousandth of their unit, or to what the data are multiples of
// where that is more; to less than a thousandth of the width in clouds narrower than 1, and to a 2^-24th of it in those
// wider than 16,777. Values are kept in 255 steps between the smallest and the largest; what lies far beyond nearly all
// others counts as the end of those. Points that are not finite are left out, and so are, in the widest clouds, those far
// from nearly all others; of more than `most_points` an even choice is shown. The page says so.
// Errors: std::invalid_argument when an array does not have one entry per point, a class is no place in the table, there are
// more than 255 classes or 16 values, or a precision is negative or not finite; std::system_error when the file cannot be
// written, which appears whole or not at all.
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
  // Other classes of the same points, places in `table` as well: what is true, say. A point differs where it has both, and
  // they are not the same.
  std::span<const std::int32_t> other_classes = {};
  std::array<std::string, 2> class_names = {"class", "truth"};  // what the page calls the two
  // What all coordinates are multiples of, apart from a common offset; 0 where nothing says it.
  double precision = 0;
  // The unit of x and y, and that of z, as in "12.5 m"; empty where nothing says it. "°": x and y are angles.
  std::array<std::string, 2> units = {};
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
