// Small discs as lists of pixels, made once for each size and place within a pixel: millions are drawn.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "voxloom/canvas.h"

namespace voxloom::viz {

struct StampPixel {
  int dx = 0, dy = 0;  // from the pixel that holds the centre
  float share = 0;     // of the pixel that is covered
  float height = 0;    // of a ball over the pixel's centre, as a share of the radius
  float light = 1;     // on that ball, from the upper left
};

class DiscStamps {
 public:
  // Pixels. Radii are rounded to steps of 1/8, and places to steps of 1/4.
  static constexpr double kMostRadius = 8;

  [[nodiscard]] std::span<const StampPixel> at(double radius, Point2 center);

 private:
  static constexpr int kRadii = 8, kPlaces = 4;
  std::array<std::vector<StampPixel>,
             (static_cast<std::size_t>(kMostRadius) * kRadii + 1) * kPlaces * kPlaces>
      stamps_;
};

}  // namespace voxloom::viz
