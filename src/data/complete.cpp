// What features want that follows from the positions of all points.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/finite.h"
#include "core/parallel.h"
#include "data/moments.h"
#include "voxloom/dataset.h"

namespace voxloom {
namespace {

using data::Grid;
using data::Moments;
using Point = std::array<float, 3>;

// --- normals ---

constexpr double kFineCell = 0.2, kCoarseCell = 0.8;
constexpr double kFewest = 5;

class Cells {
 public:
  Cells(const std::vector<Point>& points, double size) : grid_(size) {
    for (const Point& p : points) {
      if (is_finite(p)) cells_[key(p, 0, 0, 0)].add(p);
    }
  }
  [[nodiscard]] Moments around(const Point& p) const {
    Moments all;
    for (int i = 0; i < 27; ++i) {
      const auto found = cells_.find(key(p, i / 9 - 1, i / 3 % 3 - 1, i % 3 - 1));
      if (found != cells_.end()) all.add(found->second);
    }
    return all;
  }

 private:
  [[nodiscard]] std::uint64_t key(const Point& p, int x, int y, int z) const {
    return Grid::key(grid_.coordinate(p[0]) + x, grid_.coordinate(p[1]) + y,
                     grid_.coordinate(p[2]) + z);
  }
  Grid grid_;
  std::unordered_map<std::uint64_t, Moments> cells_;
};

// Towards the origin; 0 where too few points are around to tell.
Point normal_of(const Moments& moments, const Point& p) {
  if (moments.count < 3) return {0, 0, 0};
  const auto [variances, vectors] = data::principal_axes(moments.covariance());
  std::size_t least = 0;
  for (std::size_t i = 1; i < 3; ++i) {
    if (variances.at(i).at(i) < variances.at(least).at(least)) least = i;
  }
  double outwards = 0;
  for (std::size_t k = 0; k < 3; ++k) outwards += vectors.at(k).at(least) * double{p.at(k)};
  Point normal{};
  for (std::size_t k = 0; k < 3; ++k) {
    normal.at(k) =
        static_cast<float>(outwards > 0 ? -vectors.at(k).at(least) : vectors.at(k).at(least));
  }
  return normal;
}

std::vector<Point> normals_of(const std::vector<Point>& points) {
  const Cells fine(points, kFineCell), coarse(points, kCoarseCell);
  std::vector<Point> normals(points.size(), Point{0, 0, 0});
  parallel_for(static_cast<std::int64_t>(points.size()), 1024,
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const Point& p = points[static_cast<std::size_t>(i)];
                   if (!is_finite(p)) continue;
                   Moments near = fine.around(p);
                   if (near.count < kFewest) near = coarse.around(p);
                   normals[static_cast<std::size_t>(i)] = normal_of(near, p);
                 }
               });
  return normals;
}

// --- the ground ---

constexpr double kGroundCell = 1;
constexpr int kGroundReach = 10;  // cells each way

using Heights = std::unordered_map<std::uint64_t, float>;

struct Cell {
  std::int64_t x, y;
};

// Of each cell the best height of those within reach along one axis; a window in the plane is one along x, then y.
template <typename Better>
Heights best_along(const Heights& heights, const std::vector<Cell>& cells, bool is_x,
                   const Better& better) {
  Heights out;
  out.reserve(heights.size());
  for (const Cell& cell : cells) {
    float best = heights.at(Grid::key(cell.x, cell.y, 0));
    for (int d = -kGroundReach; d <= kGroundReach; ++d) {
      const auto found =
          heights.find(Grid::key(cell.x + (is_x ? d : 0), cell.y + (is_x ? 0 : d), 0));
      if (found != heights.end() && better(found->second, best)) best = found->second;
    }
    out.emplace(Grid::key(cell.x, cell.y, 0), best);
  }
  return out;
}

std::vector<float> above_ground_of(const std::vector<Point>& points) {
  const Grid grid(kGroundCell);
  Heights heights;
  std::vector<Cell> cells;
  for (const Point& p : points) {
    if (!is_finite(p)) continue;
    const Cell cell = {grid.coordinate(p[0]), grid.coordinate(p[1])};
    const auto [found, is_new] = heights.try_emplace(Grid::key(cell.x, cell.y, 0), p[2]);
    if (is_new) cells.push_back(cell);
    found->second = std::min(found->second, p[2]);
  }
  const auto opened = [&](const auto& better) {
    for (const bool is_x : {true, false}) heights = best_along(heights, cells, is_x, better);
  };
  opened(std::less<>());
  opened(std::greater<>());
  std::vector<float> above;
  above.reserve(points.size());
  for (const Point& p : points) {
    above.push_back(
        is_finite(p) ? p[2] - heights.at(Grid::key(grid.coordinate(p[0]), grid.coordinate(p[1]), 0))
                     : 0.0F);
  }
  return above;
}

// --- the scene ---

Point scene_origin_of(const std::vector<Point>& points) {
  constexpr double kFloorShare = 0.01;
  std::array<std::vector<float>, 3> values;
  for (const Point& p : points) {
    if (!is_finite(p)) continue;
    for (std::size_t axis = 0; axis < 3; ++axis) values.at(axis).push_back(p.at(axis));
  }
  if (values[0].empty()) return {0, 0, 0};
  const auto middle = [](const std::vector<float>& along) {
    const auto [low, high] = std::ranges::minmax_element(along);
    return *low + (*high - *low) / 2;
  };
  std::vector<float>& z = values[2];
  const auto floor =
      z.begin() + static_cast<std::ptrdiff_t>(kFloorShare * static_cast<double>(z.size() - 1));
  std::nth_element(z.begin(), floor, z.end());
  return {middle(values[0]), middle(values[1]), *floor};
}

bool lacks_normals(const LabelledScan& scan, const FeatureSet& features) {
  return features.has_normals() && scan.normals.size() != scan.positions.size();
}

bool lacks_ground(const LabelledScan& scan, const FeatureSet& features) {
  return features.has(Frame::ground) && scan.above_ground.size() != scan.positions.size();
}

bool lacks_scene(const LabelledScan& scan, const FeatureSet& features) {
  return features.has(Frame::scene) && !scan.scene_origin;
}

}  // namespace

bool needs_completion(const LabelledScan& scan, const FeatureSet& features) {
  return lacks_normals(scan, features) || lacks_ground(scan, features) ||
         lacks_scene(scan, features);
}

void complete(LabelledScan& scan, const FeatureSet& features) {
  if (lacks_normals(scan, features)) scan.normals = normals_of(scan.positions);
  if (lacks_ground(scan, features)) scan.above_ground = above_ground_of(scan.positions);
  if (lacks_scene(scan, features)) scan.scene_origin = scene_origin_of(scan.positions);
}

}  // namespace voxloom
