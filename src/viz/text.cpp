#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "viz/font.h"
#include "viz/utf8.h"
#include "voxloom/canvas.h"

namespace voxloom::viz {
namespace {

// Of capitals, in whole pixels, so that their upper edges are sharp; 0 draws nothing.
int pixels_of(double size) {
  if (!(size > 0)) return 0;
  return static_cast<int>(std::lround(std::clamp(size, 1.0, double{kMostGlyphSize})));
}

double shift(Align align, double extent) {
  if (align == Align::start) return 0;
  return align == Align::center ? extent / 2 : extent;
}

// Calls `each(glyph, next, end)` for every glyph of `text`, with the one that follows (-1 for none) and where in
// `text` it ends.
template <class Each>
void each_glyph(std::string_view text, Each each) {
  std::string_view rest = text;
  int glyph = -1;
  std::size_t end = 0;
  while (!rest.empty()) {
    const int next = glyph_of(take_character(rest));
    if (glyph >= 0) each(glyph, next, end);
    glyph = next;
    end = text.size() - rest.size();
  }
  if (glyph >= 0) each(glyph, -1, end);
}

// A line of text on its way into a picture: along the baseline, and down from it.
struct Line {
  double start = 0;  // of the baseline, along it
  int baseline = 0;
  bool upright = false;

  void draw(Canvas& canvas, const GlyphImage& image, int pen, Color color) const {
    std::size_t i = 0;
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        const std::uint8_t share = image.shares[i++];
        if (share == 0) continue;
        const int along = pen + image.left + x, down = baseline + image.top + y;
        canvas.blend(upright ? down : along, upright ? -1 - along : down, color, share / 255.0);
      }
    }
  }
};

// Nothing for a line that lies far outside of any picture.
std::optional<Line> line_of(Point2 at, double width, int pixels, const TextStyle& style) {
  constexpr double kFarAway = 2.0 * Canvas::kMaxSide;
  const double along = (style.upright ? -at.y : at.x) - shift(style.horizontal, width);
  const double down =
      (style.upright ? at.x : at.y) + pixels - shift(style.vertical, static_cast<double>(pixels));
  if (!(std::abs(down) < kFarAway) || !std::isfinite(along)) return std::nullopt;
  return Line{along, static_cast<int>(std::lround(down)), style.upright};
}

}  // namespace

void Canvas::text(Point2 at, std::string_view text, const TextStyle& style) {
  const int pixels = pixels_of(style.size);
  const auto line = line_of(at, text_width(text, style.size), pixels, style);
  if (pixels == 0 || !line) return;
  // Along the baseline the picture reaches from `low` to `high`; no glyph reaches farther than `reach` from its pen.
  const double low = style.upright ? -height_ : 0, high = style.upright ? 0 : width_;
  const double reach = 4.0 * pixels;
  double along = line->start;
  each_glyph(text, [&](int glyph, int next, std::size_t) {
    if (along > low - reach && along < high + reach) {
      const auto place = static_cast<int>(std::lround(along * kPenSteps));
      const int step = (place % kPenSteps + kPenSteps) % kPenSteps;
      line->draw(*this, *image_of(glyph, pixels, step), (place - step) / kPenSteps, style.color);
    }
    along += pixels * advance_of(glyph, next);
  });
}

double text_width(std::string_view text, double size) {
  double width = 0;
  each_glyph(text, [&](int glyph, int next, std::size_t) { width += advance_of(glyph, next); });
  return pixels_of(size) * width;
}

std::string fitted_text(std::string_view text, double size, double width) {
  if (text_width(text, size) <= width) return std::string(text);
  constexpr std::string_view kEllipsis = "\u2026";
  constexpr double kAtTheStart = 0.6;  // of the room beside the ellipsis
  const double room = width - text_width(kEllipsis, size);
  if (!(room >= 0)) return {};
  // The longest start, and the longest end, each at the edge of a character.
  std::vector<std::size_t> edges = {0};
  std::vector<double> places = {0};  // of the edges
  each_glyph(text, [&](int glyph, int next, std::size_t end) {
    edges.push_back(end);
    places.push_back(places.back() + pixels_of(size) * advance_of(glyph, next));
  });
  const auto first = std::ranges::upper_bound(places, kAtTheStart * room) - places.begin() - 1;
  const double left = room - places[static_cast<std::size_t>(first)];
  const auto last = std::ranges::lower_bound(places, places.back() - left) - places.begin();
  const std::size_t head = edges[static_cast<std::size_t>(first)];
  const std::size_t tail = edges[static_cast<std::size_t>(last)];
  return std::string(text.substr(0, head)) + std::string(kEllipsis) +
         std::string(text.substr(tail));
}

}  // namespace voxloom::viz
