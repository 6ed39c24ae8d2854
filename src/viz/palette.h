// Colours for what has none of its own.
#pragma once

#include <cstddef>

#include "voxloom/canvas.h"

namespace voxloom::viz {

// Of the class with this place, on dark ground.
[[nodiscard]] Color class_color(std::size_t place);

// Of the line with this place, on white.
[[nodiscard]] Color series_color(std::size_t place);

}  // namespace voxloom::viz
