// Rows of comma-separated values (RFC 4180).
#pragma once

#include <string>
#include <vector>

namespace voxloom::cli {

// With an end of line; cells with commas, quotes or line ends are quoted.
[[nodiscard]] std::string csv_row(const std::vector<std::string>& cells);

}  // namespace voxloom::cli
