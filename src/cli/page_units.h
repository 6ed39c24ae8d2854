// What a page calls the units of a scan.
#pragma once

#include <array>
#include <string>

#include "voxloom/scan.h"

namespace voxloom::cli {

// Of x and y, and of z: "m", "ft", "US ft", "°", or what the scan's coordinate system says; empty where it does not. Heights
// whose unit it does not say have that of x and y, where that is a length.
[[nodiscard]] std::array<std::string, 2> page_units(const Scan& scan);

}  // namespace voxloom::cli
