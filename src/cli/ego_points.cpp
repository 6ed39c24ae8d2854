#include "cli/ego_points.h"

#include <algorithm>
#include <cmath>

#include "data/scan_rows.h"

namespace voxloom::cli {

WithoutEgo without_ego(const LabelledScan& scan, double radius) {
  WithoutEgo parts{.rest = data::without_points(scan), .points = {}};
  for (std::size_t i = 0; i < scan.positions.size(); ++i) {
    const std::array<float, 3>& p = scan.positions[i];
    if (std::hypot(double{p[0]}, double{p[1]}) < radius) continue;
    data::add_point(parts.rest, scan, i);
    parts.points.push_back(static_cast<std::int32_t>(i));
  }
  return parts;
}

label::PointLabels for_all(const label::PointLabels& of_rest, const WithoutEgo& parts,
                           std::int64_t size, std::int64_t classes) {
  const auto points = static_cast<std::size_t>(size);
  label::PointLabels all{.classes = std::vector<std::uint16_t>(points, label::kNoClass),
                         .confidence = std::vector<float>(points, 0.0F),
                         .tiles = of_rest.tiles};
  const auto width = of_rest.scores.empty() ? 0 : static_cast<std::size_t>(classes);
  all.scores.resize(points * width);
  for (std::size_t i = 0; i < parts.points.size(); ++i) {
    const auto point = static_cast<std::size_t>(parts.points[i]);
    all.classes[point] = of_rest.classes[i];
    all.confidence[point] = of_rest.confidence[i];
    std::copy_n(of_rest.scores.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                all.scores.begin() + static_cast<std::ptrdiff_t>(point * width));
  }
  return all;
}

}  // namespace voxloom::cli
