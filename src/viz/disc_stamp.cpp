#include "viz/disc_stamp.h"

#include <algorithm>
#include <cmath>

namespace voxloom::viz {
namespace {

// Of a ball of this radius; small ones are too coarse to be shaded.
float light_on(double x, double y, double z, double radius) {
  constexpr double kDark = 0.55, kSmall = 1, kLarge = 2.5;
  const double towards = std::max(0.0, -0.37 * x - 0.55 * y + 0.75 * z);  // of unit length
  const double shaded = kDark + (1 - kDark) * towards;
  const double much = std::clamp((radius - kSmall) / (kLarge - kSmall), 0.0, 1.0);
  return static_cast<float>(1 + much * (shaded - 1));
}

std::vector<StampPixel> stamp_of(double radius, double fx, double fy) {
  std::vector<StampPixel> pixels;
  const int reach = static_cast<int>(std::ceil(radius)) + 1;
  // Discs smaller than a pixel get paler instead of smaller.
  const double full = std::min(1.0, 2 * radius), drawn = std::max(radius, 0.5);
  for (int dy = -reach; dy <= reach; ++dy) {
    for (int dx = -reach; dx <= reach; ++dx) {
      const double x = dx + 0.5 - fx, y = dy + 0.5 - fy;
      const double distance = std::hypot(x, y);
      const double share = full * std::clamp(drawn + 0.5 - distance, 0.0, 1.0);
      if (share <= 0) continue;
      const double out = std::min(1.0, distance / drawn), height = std::sqrt(1 - out * out);
      pixels.push_back({dx, dy, static_cast<float>(share), static_cast<float>(height),
                        light_on(x / drawn, y / drawn, height, radius)});
    }
  }
  return pixels;
}

}  // namespace

std::span<const StampPixel> DiscStamps::at(double radius, Point2 center) {
  const auto step = [](double value, int steps) {
    return static_cast<std::size_t>(std::lround(value * steps));
  };
  const auto place = [](double value) {
    return std::min(kPlaces - 1, static_cast<int>((value - std::floor(value)) * kPlaces));
  };
  const std::size_t size =
      std::max<std::size_t>(1, step(std::clamp(radius, 0.0, kMostRadius), kRadii));
  const int px = place(center.x), py = place(center.y);
  const auto slot =
      (size * kPlaces + static_cast<std::size_t>(py)) * kPlaces + static_cast<std::size_t>(px);
  std::vector<StampPixel>& stamp = stamps_.at(slot);
  if (stamp.empty()) {
    stamp =
        stamp_of(static_cast<double>(size) / kRadii, (px + 0.5) / kPlaces, (py + 0.5) / kPlaces);
  }
  return stamp;
}

}  // namespace voxloom::viz
