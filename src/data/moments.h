// How the points of small cells are spread.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace voxloom::data {

using Matrix = std::array<std::array<double, 3>, 3>;

// Cells of a grid by number. 21 bits a coordinate: far more than a lidar sees.
class Grid {
 public:
  explicit Grid(double size) : size_(size) {}
  [[nodiscard]] std::int64_t coordinate(float value) const {
    constexpr double kFarthest = 1e15;  // within int64
    return static_cast<std::int64_t>(
        std::clamp(std::floor(static_cast<double>(value) / size_), -kFarthest, kFarthest));
  }
  [[nodiscard]] static std::uint64_t key(std::int64_t x, std::int64_t y, std::int64_t z) {
    constexpr std::uint64_t kMask = (1U << 21) - 1;
    const auto part = [](std::int64_t v) { return static_cast<std::uint64_t>(v) & kMask; };
    return part(x) << 42 | part(y) << 21 | part(z);
  }

 private:
  double size_;
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

// Of a symmetric matrix: the variances stand on the diagonal, the axes in the columns of `vectors`.
struct PrincipalAxes {
  Matrix variances, vectors;
};
[[nodiscard]] PrincipalAxes principal_axes(const Matrix& covariance);

}  // namespace voxloom::data
