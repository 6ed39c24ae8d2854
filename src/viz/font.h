// The font of pictures: DejaVu Sans, out of src/viz/font/, drawn by stb_truetype. Its glyphs are known by their
// places in the font.
//
// Images are the same on every machine: stb_truetype adds, multiplies, divides and takes roots in float32, and our
// sources are compiled without fused operations (cmake/options.cmake). Another version of it may round elsewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace voxloom::viz {

// How much of each pixel a glyph covers, row by row, 255 being all of it. The first pixel lies at (left, top) from
// the pen, y down.
struct GlyphImage {
  int left = 0, top = 0, width = 0, height = 0;
  std::vector<std::uint8_t> shares;
};

inline constexpr int kMostGlyphSize = 512;  // pixels
inline constexpr int kPenSteps = 4;         // of the pen, in a pixel

[[nodiscard]] int glyph_of(
    char32_t character);  // what stands for unknown ones, for those that the font lacks

// In heights of capitals; `next` is the glyph that follows, -1 for none.
[[nodiscard]] double advance_of(int glyph, int next);

// With capitals `size` pixels high (1 to kMostGlyphSize), the pen standing `step` / kPenSteps of a pixel right of a
// pixel's left edge. Safe to call from several threads.
[[nodiscard]] std::shared_ptr<const GlyphImage> image_of(int glyph, int size, int step);

}  // namespace voxloom::viz
