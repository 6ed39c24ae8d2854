// Deterministic test data. The generator is our own, so that a seed means the same data with every
// standard library.
#pragma once

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "oracle/rounding.h"
#include "oracle/types.h"

namespace voxloom_oracle {

// splitmix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  // Inclusive on both ends. The bias of the remainder does not matter for test data.
  int64_t integer(int64_t lo, int64_t hi) {
    const auto span = static_cast<uint64_t>(hi - lo) + 1;
    return lo + static_cast<int64_t>(next() % span);
  }
  // In [0, 1), 53 random bits.
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }

 private:
  uint64_t state_;
};

inline std::vector<int64_t> random_permutation(Random& random, int64_t n) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < n; ++i) {
    order.push_back(i);
    std::swap(order.back(), order[static_cast<size_t>(random.integer(0, i))]);
  }
  return order;
}

template <typename T>
std::vector<T> permuted(const std::vector<T>& values, const std::vector<int64_t>& order) {
  std::vector<T> result;
  for (int64_t i : order) result.push_back(values.at(static_cast<size_t>(i)));
  return result;
}

// Zero-mean, uniform in (-scale, scale), rounded to the storage type: oracle and library start
// from the same leaves.
inline std::vector<double> random_values(Random& random, int64_t n, double scale = 1.0,
                                         double (*round)(double) = round_to_f32) {
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(round((2 * random.unit() - 1) * scale));
  return values;
}

inline Features random_features(Random& random, int64_t rows, int64_t channels,
                                double (*round)(double) = round_to_f32) {
  return {rows, channels, random_values(random, rows * channels, 1.0, round)};
}

enum class Scatter {
  kBox,       // uniform in the box [start, start + extent)
  kBothEnds,  // each axis hugs INT32_MIN or INT32_MAX, within extent of it
  kSurface,   // a bumpy height field over the box's x and y, and a wall: like a scan
};

struct CoordOptions {
  int64_t count = 100;  // at most: a small box holds fewer
  Triple start{0, 0, 0};
  Triple extent{12, 12, 12};
  std::vector<int64_t> batches{0};  // {0, 2} leaves batch 1 empty; repeat one for more rows in it
  Scatter scatter = Scatter::kBox;
};

inline int64_t near_an_end(Random& random, int64_t extent) {
  const int64_t away = random.integer(0, extent - 1);
  return random.chance(0.5) ? std::numeric_limits<int32_t>::min() + away
                            : std::numeric_limits<int32_t>::max() - away;
}

inline Coord surface_point(Random& random, int64_t batch, const CoordOptions& o) {
  const int64_t x = random.integer(0, o.extent.x - 1);
  const int64_t y = random.integer(0, o.extent.y - 1);
  const int64_t bump = (x * x + 3 * y + x * y / 4) / 5 % std::max<int64_t>(o.extent.z / 4, 1);
  const bool wall = x == o.extent.x / 2;
  const int64_t z = wall ? random.integer(0, o.extent.z - 1) : bump;
  return {batch, o.start.x + x, o.start.y + y, o.start.z + z};
}

inline Coord random_coord(Random& random, const CoordOptions& o) {
  const auto pick = static_cast<int64_t>(o.batches.size()) - 1;
  const int64_t batch = o.batches.at(static_cast<size_t>(random.integer(0, pick)));
  if (o.scatter == Scatter::kSurface) return surface_point(random, batch, o);
  Coord c{batch, 0, 0, 0};
  for (int axis = 0; axis < 3; ++axis) {
    c[static_cast<size_t>(axis) + 1] =
        o.scatter == Scatter::kBothEnds
            ? near_an_end(random, o.extent[axis])
            : random.integer(o.start[axis], o.start[axis] + o.extent[axis] - 1);
  }
  return c;
}

// Unique coordinates in random order.
inline std::vector<Coord> random_coords(Random& random, const CoordOptions& options) {
  std::vector<Coord> coords;
  std::set<Coord> seen;
  // A full box would be sampled for ever: give up after many draws.
  for (int64_t draw = 0; draw < 20 * options.count; ++draw) {
    if (row_count(coords) >= options.count) break;
    const Coord c = random_coord(random, options);
    if (seen.insert(c).second) coords.push_back(c);
  }
  return coords;
}

// Every cell of a box of one batch, z fastest.
inline std::vector<Coord> full_box(const Triple& start, const Triple& size, int64_t batch = 0) {
  std::vector<Coord> coords;
  for (int64_t x = 0; x < size.x; ++x) {
    for (int64_t y = 0; y < size.y; ++y) {
      for (int64_t z = 0; z < size.z; ++z) {
        coords.push_back({batch, start.x + x, start.y + y, start.z + z});
      }
    }
  }
  return coords;
}

struct NamedCoords {
  std::string name;
  std::vector<Coord> coords;
  int64_t batch_size = 0;
};

// The sets every op should meet. "both_ends" is near the int32 limits: generating supports throw
// on it, look-ups must miss.
inline std::vector<NamedCoords> coordinate_zoo(uint64_t seed, int64_t count = 100) {
  Random random(seed);
  const Triple around{-6, -6, -6};
  const auto draw = [&](const CoordOptions& options) { return random_coords(random, options); };
  return {
      {"empty", {}, 0},
      {"empty_with_batches", {}, 3},
      {"one", {{0, 3, -5, 7}}, 1},
      {"one_in_last_batch", {{2, 0, 0, 0}}, 3},
      {"sparse_box", draw({.count = count, .extent = {40, 40, 40}}), 1},
      {"around_zero", draw({.count = count, .start = around}), 1},
      {"full_box", full_box({-1, -2, 0}, {4, 3, 5}), 1},
      {"empty_batches", draw({.count = count, .start = around, .batches = {1, 4}}), 7},
      {"flat", draw({.count = count, .start = {-9, -9, 0}, .extent = {18, 18, 1}}), 1},
      {"surface", draw({.count = count, .extent = {20, 20, 12}, .scatter = Scatter::kSurface}), 1},
      {"both_ends",
       draw(
           {.count = count, .extent = {3, 3, 3}, .batches = {0, 1}, .scatter = Scatter::kBothEnds}),
       2},
  };
}

}  // namespace voxloom_oracle
