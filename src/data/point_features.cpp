#include "data/point_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/parallel.h"

namespace voxloom::data {
namespace {

constexpr double kCell = 0.4;    // of the neighbourhoods, metres
constexpr double kColumn = 0.8;  // of the columns
constexpr int kAround = 3;       // columns searched for the ground, each way

using Matrix = std::array<std::array<double, 3>, 3>;

// Cells of a grid by number. 21 bits a coordinate: far more than a lidar sees.
class Grid {
 public:
  explicit Grid(double size) : size_(size) {}
  [[nodiscard]] std::int64_t coordinate(float value) const {
    return static_cast<std::int64_t>(std::floor(static_cast<double>(value) / size_));
  }
  [[nodiscard]] static std::uint64_t key(std::int64_t x, std::int64_t y, std::int64_t z) {
    constexpr std::uint64_t kMask = (1U << 21) - 1;
    const auto part = [](std::int64_t v) { return static_cast<std::uint64_t>(v) & kMask; };
    return part(x) << 42 | part(y) << 21 | part(z);
  }

 private:
  double size_;
};

struct Column {
  float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::lowest();
};

// Sums of the points of a cell.
struct Moments {
  double count = 0;
  std::array<double, 3> sum = {};
  Matrix square = {};

  void add(const std::array<float, 3>& p) {
    count += 1;
    for (std::size_t i = 0; i < 3; ++i) {
      sum[i] += static_cast<double>(p[i]);
      for (std::size_t j = 0; j < 3; ++j)
        square[i][j] += static_cast<double>(p[i]) * static_cast<double>(p[j]);
    }
  }
  void add(const Moments& more) {
    count += more.count;
    for (std::size_t i = 0; i < 3; ++i) {
      sum[i] += more.sum[i];
      for (std::size_t j = 0; j < 3; ++j) square[i][j] += more.square[i][j];
    }
  }
  [[nodiscard]] Matrix covariance() const {
    Matrix out{};
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        out[i][j] = square[i][j] / count - sum[i] / count * (sum[j] / count);
      }
    }
    return out;
  }
};

// Turns the plane of axes p and q so that their product vanishes (Jacobi).
void rotate(Matrix& a, Matrix& vectors, std::size_t p, std::size_t q) {
  if (std::abs(a[p][q]) < 1e-14) return;
  const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1), s = t * c;
  for (std::size_t k = 0; k < 3; ++k) {
    const double kp = a[k][p], kq = a[k][q];
    a[k][p] = c * kp - s * kq;
    a[k][q] = s * kp + c * kq;
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const double pk = a[p][k], qk = a[q][k];
    a[p][k] = c * pk - s * qk;
    a[q][k] = s * pk + c * qk;
    const double vp = vectors[k][p], vq = vectors[k][q];
    vectors[k][p] = c * vp - s * vq;
    vectors[k][q] = s * vp + c * vq;
  }
}

struct LocalShape {
  float line = 0, plane = 0, upright = 0;
};

LocalShape shape_of(const Moments& moments) {
  if (moments.count < 4) return {};
  Matrix a = moments.covariance();
  Matrix vectors = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (int sweep = 0; sweep < 6; ++sweep) {
    rotate(a, vectors, 0, 1);
    rotate(a, vectors, 0, 2);
    rotate(a, vectors, 1, 2);
  }
  std::array<std::size_t, 3> order = {0, 1, 2};
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return a[i][i] > a[j][j]; });
  const auto extent = [&](std::size_t i) {
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
  const Neighbourhoods neighbourhoods(scan);
  std::vector<PointFeatures> features(scan.positions.size());
  parallel_for(scan.size(), 1024, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      features[at] = neighbourhoods.at(scan.positions[at], scan.intensity[at]);
    }
  });
  return features;
}

}  // namespace voxloom::data
