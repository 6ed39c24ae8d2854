// Which instruction set the kernels run with: the best that this build holds and the processor and its
// system offer, unless VOXLOOM_ISA or set_isa names another. Each is exactly some feature bits, so that
// one gives the same results on any processor that has it; docs/api.md has the names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "voxloom/export.h"

namespace VOXLOOM_API voxloom {

// What this build can run on this machine, best first. "scalar" is always there and stands last.
[[nodiscard]] std::vector<std::string> isa_names();

// Throws std::invalid_argument for a name that isa_names() does not list.
void set_isa(std::string_view name);

// Throws std::invalid_argument when VOXLOOM_ISA holds such a name.
[[nodiscard]] std::string current_isa();

}  // namespace voxloom
