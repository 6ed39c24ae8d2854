#include "data/point_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/parallel.h"
#include "data/feature_values.h"
#include "data/moments.h"

namespace voxloom::data {
namespace {

constexpr double kCell = 0.4;    // of the neighbourhoods, metres
constexpr double kColumn = 0.8;  // of the columns
constexpr int kAround = 3;       // columns searched for the ground, each way

struct Column {
  float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::lowest();
};

struct LocalShape {
  float line = 0, plane = 0, upright = 0;
};

LocalShape shape_of(const Moments& moments) {
  if (moments.count < 4) return {};
  const auto [a, vectors] = principal_axes(moments.covariance());
  std::array<std::size_t, 3> order = {0, 1, 2};
  std::sort(order.begin(), order.end(),
            [&a = a](std::size_t i, std::size_t j) { return a[i][i] > a[j][j]; });
  const auto extent = [&, &a = a](std::size_t i) {
    return std::sqrt(std::max(0.0, a[order[i]][order[i]]));
  };
  const double longest = extent(0) + 1e-6;
  return {static_cast<float>((extent(0) - extent(1)) / longest),
          static_cast<float>((extent(1) - extent(2)) / longest),
          static_cast<float>(1 - std::abs(vectors[2][order[2]]))};
}

class Neighbourhoods {
 public:
  explicit Neighbourhoods(const LabelledScan& scan) {
    for (const auto& p : scan.positions) {
      cells_[cell_key(p)].add(p);
      Column& column = columns_[column_key(p, 0, 0)];
      column.low = std::min(column.low, p[2]);
      column.high = std::max(column.high, p[2]);
    }
  }

  [[nodiscard]] PointFeatures at(const std::array<float, 3>& p, float intensity) const {
    float ground = p[2];
    for (int x = -kAround; x <= kAround; ++x) {
      for (int y = -kAround; y <= kAround; ++y) {
        const auto found = columns_.find(column_key(p, x, y));
        if (found != columns_.end()) ground = std::min(ground, found->second.low);
      }
    }
    const Column& own = columns_.at(column_key(p, 0, 0));
    const LocalShape shape = shape_of(around(p));
    return {p[2] - ground, intensity, own.high - own.low, shape.line, shape.plane, shape.upright};
  }

 private:
  [[nodiscard]] std::uint64_t cell_key(const std::array<float, 3>& p) const {
    return Grid::key(fine_.coordinate(p[0]), fine_.coordinate(p[1]), fine_.coordinate(p[2]));
  }
  [[nodiscard]] std::uint64_t column_key(const std::array<float, 3>& p, int x, int y) const {
    return Grid::key(coarse_.coordinate(p[0]) + x, coarse_.coordinate(p[1]) + y, 0);
  }
  [[nodiscard]] Moments around(const std::array<float, 3>& p) const {
    Moments all;
    const std::int64_t x = fine_.coordinate(p[0]), y = fine_.coordinate(p[1]),
                       z = fine_.coordinate(p[2]);
    for (std::int64_t i = 0; i < 27; ++i) {
      const auto found = cells_.find(Grid::key(x + i / 9 - 1, y + i / 3 % 3 - 1, z + i % 3 - 1));
      if (found != cells_.end()) all.add(found->second);
    }
    return all;
  }

  Grid fine_{kCell}, coarse_{kColumn};
  std::unordered_map<std::uint64_t, Moments> cells_;
  std::unordered_map<std::uint64_t, Column> columns_;
};

}  // namespace

std::vector<PointFeatures> point_features(const LabelledScan& scan) {
  constexpr std::size_t kColour = 6, kReturns = 9;
  const Neighbourhoods neighbourhoods(scan);
  const std::array columns = {find_column(scan, "return_number"),
                              find_column(scan, "number_of_returns")};
  std::vector<PointFeatures> features(scan.positions.size());
  parallel_for(scan.size(), 1024, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      PointFeatures& row = features[at];
      row = neighbourhoods.at(scan.positions[at], scan.intensity[at]);
      if (!scan.colours.empty()) std::ranges::copy(scan.colours[at], row.begin() + kColour);
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (columns.at(c) != nullptr) row.at(kReturns + c) = columns.at(c)->values[at];
      }
    }
  });
  return features;
}

}  // namespace voxloom::data
