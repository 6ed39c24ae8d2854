// The font of pictures as a TrueType file: src/viz/font/, put into the library by cmake/font.cmake.
#pragma once

#include <span>

namespace voxloom::viz {

[[nodiscard]] std::span<const unsigned char> font_file();

}  // namespace voxloom::viz
