// What stands for a full colour.
#pragma once

#include <optional>

#include "voxloom/scan.h"

namespace voxloom::io {

// 1, 255 or 65535, told by the types and by most of the values; nothing where there are no columns red, green
// and blue of one number each, or their values are none of these.
[[nodiscard]] std::optional<double> colour_unit(const Scan& scan);

}  // namespace voxloom::io
