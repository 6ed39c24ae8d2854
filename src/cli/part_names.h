// Names of files that stand for one.
#pragma once

#include <string>

namespace voxloom::cli {

// "tiles/town.las" and "6" make "tiles/town_6.las"; an ending of several dots, .pcd.bin, stays one.
[[nodiscard]] std::string part_name(const std::string& file, const std::string& part);

}  // namespace voxloom::cli
