// What `voxloom info` says of a scan.
#pragma once

#include <string>

#include "cli/scan_options.h"

namespace voxloom::cli {

// Format, points, extent, coordinate system, columns with their ranges, records. Holds a piece of the file at a time.
void print_scan(const std::string& file, const ScanOptions& options);

}  // namespace voxloom::cli
