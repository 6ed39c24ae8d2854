// Draws from a stream of random numbers, alike on every machine: no std:: distribution, no libm.
// Compilers differ in which operand or argument they evaluate first: at most one draw in an
// expression, except between braces and around ?: and &&, whose order is fixed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/random.h"

namespace voxloom::street {

struct Range {
  double low = 0, high = 1;
};

// One number from two: streams of different (seed, key) have nothing to do with each other.
inline std::uint64_t mix(std::uint64_t seed, std::uint64_t key) {
  return Random(seed ^ Random(key).next()).next();
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  double unit() { return static_cast<double>(random_.uniform()); }
  double in(Range range) { return range.low + (range.high - range.low) * unit(); }
  double in(double low, double high) { return in(Range{low, high}); }
  bool chance(double probability) { return unit() < probability; }
  double sign() { return chance(0.5) ? 1 : -1; }
  // From `low` to `high` on either side of 0.
  double either_side(double low, double high) {
    const double side = sign();
    return side * in(low, high);
  }
  // An angle about 0 or, as often, about half a turn.
  double either_way(double spread) {
    const double turn = chance(0.5) ? 3.14159265358979323846 : 0;
    return turn + in(-spread, spread);
  }
  // low .. high, both included.
  int whole(int low, int high) {
    return low + static_cast<int>(random_.next() % static_cast<std::uint64_t>(high - low + 1));
  }
  // Mean 0, standard deviation 1, at most 3.5 away: the sum of four uniform numbers.
  double normal() {
    double sum = -2;
    for (int i = 0; i < 4; ++i) sum += unit();
    return sum * 1.7320508075688772;
  }
  template <typename T>
  const T& pick(std::span<const T> values) {
    return values[random_.next() % values.size()];
  }
  // The index of a weight, as often as its share.
  std::size_t weighted(std::span<const double> weights) {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    double at = unit() * sum;
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
      at -= weights[i];
      if (at < 0) return i;
    }
    return weights.size() - 1;
  }
  std::uint64_t seed() { return random_.next(); }

 private:
  Random random_;
};

}  // namespace voxloom::street
