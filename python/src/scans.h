// Scans between the library and the dict of arrays that voxloom.Scan is made from.
#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <string_view>
#include <vector>

#include "voxloom/scan.h"

namespace voxloom::python {

namespace nb = nanobind;

[[nodiscard]] nb::dict scan_to_python(Scan scan);
[[nodiscard]] Scan scan_of(nb::handle parts, std::string_view op);
[[nodiscard]] nb::list listed(const std::vector<std::string>& notes);

}  // namespace voxloom::python
