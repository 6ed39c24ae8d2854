// Plain value types shared by the oracle.
//
// The oracle is a second, independent writing of the library's contract: binary64 values, exact
// wide integers, ordered maps, and loops copied from the formulas. It includes nothing from the
// library, so an error there cannot hide here. Choose obvious over fast in every file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace voxloom_oracle {

// Wide enough for int32 * int32 + int32 * int32 - int32, which does not fit in 64 bits.
__extension__ typedef __int128 Wide;

// (batch, x, y, z). 64 bits wide so that a value beyond int32 can be seen instead of wrapping.
using Coord = std::array<int64_t, 4>;

// One number per axis: a stride, a size, a kernel offset, a box corner.
struct Triple {
  int64_t x = 0;
  int64_t y = 0;
  int64_t z = 0;

  int64_t operator[](int axis) const { return axis == 0 ? x : axis == 1 ? y : z; }
  bool operator==(const Triple&) const = default;
};

// Row-major (rows, channels) matrix.
struct Features {
  int64_t rows = 0;
  int64_t channels = 0;
  std::vector<double> v;

  static Features filled(int64_t rows, int64_t channels, double value) {
    return {rows, channels, std::vector<double>(static_cast<size_t>(rows * channels), value)};
  }
  static Features zeros(int64_t rows, int64_t channels) { return filled(rows, channels, 0.0); }

  size_t index(int64_t row, int64_t channel) const {
    if (row < 0 || row >= rows || channel < 0 || channel >= channels) {
      throw std::out_of_range("oracle: feature index out of range");
    }
    return static_cast<size_t>(row * channels + channel);
  }
  double& at(int64_t row, int64_t channel) { return v.at(index(row, channel)); }
  double at(int64_t row, int64_t channel) const { return v.at(index(row, channel)); }
};

// Row i of coords belongs to row i of feats.
struct Sparse {
  std::vector<Coord> coords;
  Features feats;
};

inline int64_t row_count(const std::vector<Coord>& coords) {
  return static_cast<int64_t>(coords.size());
}

}  // namespace voxloom_oracle
