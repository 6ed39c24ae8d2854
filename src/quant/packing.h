// Checking the numbers of a packing.
#pragma once

#include <cstdint>
#include <string_view>

namespace voxloom::quant {

// Checks bits and group_size, which is all that the others divide by.
void require_packing(std::string_view op, std::int64_t bits, std::int64_t group_size);

}  // namespace voxloom::quant
