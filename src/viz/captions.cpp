#include "viz/captions.h"

#include <fmt/core.h>

#include <cmath>

#include "core/error.h"

namespace voxloom::viz {

void draw_captions(Canvas& canvas, const PictureOptions& options) {
  constexpr double kSize = 12, kRow = 24, kMargin = 24;
  canvas.text({kMargin, kMargin}, options.title,
              {.color = kCaption, .size = 1.3 * kSize, .vertical = Align::start});
  double y = kMargin;
  for (const LegendEntry& entry : options.legend) {
    const double right = canvas.width() - kMargin;
    canvas.disc({right - 5, y + kSize / 2}, 6, entry.color);
    canvas.text(
        {right - 20, y}, entry.name,
        {.color = kCaption, .size = kSize, .horizontal = Align::end, .vertical = Align::start});
    y += kRow;
  }
}

void draw_scale_bar(Canvas& canvas, double pixels_per_metre) {
  // The longest of 1, 2, 5 times a power of ten that takes at most a fifth of the width.
  const double most = canvas.width() / 5.0 / pixels_per_metre;
  const double power = std::pow(10.0, std::floor(std::log10(most)));
  double metres = power;
  for (const double factor : {2.0, 5.0}) metres = factor * power <= most ? factor * power : metres;
  const double y = canvas.height() - 28.0, x = 24;
  const Pen pen{.color = kCaption, .width = 3};
  canvas.line({x, y}, {x + metres * pixels_per_metre, y}, pen);
  canvas.text({x, y - 8}, fmt::format("{:g} m", metres), {.color = kCaption, .size = 12});
}

void check(const PointCloud& points) {
  require(points.positions.size() == points.colors.size(), "picture",
          "{} points come with {} colours", points.positions.size(), points.colors.size());
}

}  // namespace voxloom::viz
