#include "viz/captions.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace voxloom::viz {

namespace {

constexpr double kSize = 12, kRow = 24, kMargin = 24, kGap = 4;
constexpr Color kStrip = {24, 27, 36};

// Entries have room above each other, or the last ones are counted.
double row_of(const PictureOptions& options) {
  constexpr double kLeast = 14;
  const double rows = static_cast<double>(options.legend.size());
  return std::clamp((options.height - 2 * kMargin) / std::max(1.0, rows), kLeast, kRow);
}
double size_of(const PictureOptions& options) { return kSize * row_of(options) / kRow; }

std::size_t rows_in(const PictureOptions& options) {
  const double rows = std::max(1.0, (options.height - 2 * kMargin) / row_of(options) + 1e-6);
  return std::min(options.legend.size(), static_cast<std::size_t>(rows));
}

}  // namespace

int width_of_plot(const PictureOptions& options) {
  if (options.legend.empty()) return options.width;
  double widest = 0;
  for (const LegendEntry& entry : options.legend) {
    widest = std::max(widest, text_width(entry.name, size_of(options)));
  }
  const int strip = static_cast<int>(std::ceil(widest + 2 * kMargin + kSize));
  return std::max(options.width - strip, options.width / 2);
}

void draw_captions(Canvas& canvas, const PictureOptions& options) {
  const double left = width_of_plot(options), row = row_of(options), size = size_of(options);
  constexpr double kTitle = 16, kAround = 8;
  const std::string title = fitted_text(options.title, kTitle, left - 2 * kMargin);
  if (!title.empty()) {
    canvas.fill({kMargin - kAround, kMargin - kAround, text_width(title, kTitle) + 2 * kAround,
                 kTitle + 2 * kAround},
                kNight, 0.7);
  }
  canvas.text({kMargin, kMargin}, title,
              {.color = kCaption, .size = kTitle, .vertical = Align::start});
  if (options.legend.empty()) return;
  canvas.fill({left, 0, canvas.width() - left, static_cast<double>(canvas.height())}, kStrip);
  double y = kMargin;
  const std::size_t rows = rows_in(options);
  const bool is_whole = rows == options.legend.size();
  for (std::size_t i = 0; i < (is_whole ? rows : rows - 1); ++i) {
    const LegendEntry& entry = options.legend[i];
    canvas.disc({left + kMargin, y + size / 2}, size / 2, entry.color);
    const double x = left + kMargin + size + kGap;
    canvas.text({x, y}, fitted_text(entry.name, size, canvas.width() - x - kGap),
                {.color = kCaption, .size = size, .vertical = Align::start});
    y += row;
  }
  if (is_whole) return;
  canvas.text({left + kMargin, y}, fmt::format("and {} more", options.legend.size() - rows + 1),
              {.color = kCaption, .size = size, .vertical = Align::start});
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
