// The C library's sine may differ in its last bit between machines; this one cannot.
#include "data/vec.h"

namespace voxloom::street {
namespace {

// Taylor series on [-pi/4, pi/4]: the first term left out is below 1e-16.
double sine_series(double x) {
  const double y = x * x;
  double sum = 1.0 / 6227020800.0;
  sum = sum * y - 1.0 / 39916800.0;
  sum = sum * y + 1.0 / 362880.0;
  sum = sum * y - 1.0 / 5040.0;
  sum = sum * y + 1.0 / 120.0;
  sum = sum * y - 1.0 / 6.0;
  return x + x * y * sum;
}

double cosine_series(double x) {
  const double y = x * x;
  double sum = -1.0 / 87178291200.0;
  sum = sum * y + 1.0 / 479001600.0;
  sum = sum * y - 1.0 / 3628800.0;
  sum = sum * y + 1.0 / 40320.0;
  sum = sum * y - 1.0 / 720.0;
  sum = sum * y + 1.0 / 24.0;
  sum = sum * y - 0.5;
  return 1 + y * sum;
}

double quarter_turned(double radians, int quarters) {
  const double nearest = std::floor(radians * (2 / kPi) + 0.5);
  const double rest = radians - nearest * (kPi / 2);
  const auto quadrant = static_cast<int>(nearest - 4 * std::floor(nearest / 4));
  switch ((quadrant + quarters) % 4) {
    case 0: return sine_series(rest);
    case 1: return cosine_series(rest);
    case 2: return -sine_series(rest);
    default: return -cosine_series(rest);
  }
}

}  // namespace

double sine(double radians) { return quarter_turned(radians, 0); }
double cosine(double radians) { return quarter_turned(radians, 1); }

}  // namespace voxloom::street
