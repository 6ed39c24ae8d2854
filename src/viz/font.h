// A small font of strokes: every glyph is a few lines and curves, drawn with a pen of any width.
#pragma once

#include <vector>

#include "voxloom/canvas.h"

namespace voxloom::viz {

// In heights of capitals, x from the glyph's left end, y up from the baseline.
struct Glyph {
  std::vector<std::vector<Point2>> paths;
  double advance = 0;
};

inline constexpr double kGlyphGap = 0.27;  // between two glyphs; part of the advance

[[nodiscard]] const Glyph& glyph_of(char c);

}  // namespace voxloom::viz
