// Smooth noise over the plane, from hashes of lattice points.
#pragma once

#include "data/draw.h"
#include "data/vec.h"

namespace voxloom::street {

// About -1 to 1; wavelength 1.
inline double value_noise(std::uint64_t seed, Vec2 p) {
  const double fx = std::floor(p.x), fy = std::floor(p.y);
  const auto ix = static_cast<std::int64_t>(fx), iy = static_cast<std::int64_t>(fy);
  const auto corner = [&](std::int64_t x, std::int64_t y) {
    const auto key =
        static_cast<std::uint64_t>(x) * 0x8da6b343U ^ static_cast<std::uint64_t>(y) * 0xd8163841U;
    return static_cast<double>(Random(seed ^ key).uniform());
  };
  const auto ease = [](double t) { return t * t * (3 - 2 * t); };
  const double u = ease(p.x - fx), v = ease(p.y - fy);
  const double low = corner(ix, iy) * (1 - u) + corner(ix + 1, iy) * u;
  const double high = corner(ix, iy + 1) * (1 - u) + corner(ix + 1, iy + 1) * u;
  return 2 * (low * (1 - v) + high * v) - 1;
}

}  // namespace voxloom::street
