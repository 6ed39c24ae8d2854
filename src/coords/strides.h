// Lattice strides: multiplied by forward ops, divided exactly by transposed ones.
#pragma once

#include <string_view>

#include "voxloom/triple.h"

namespace voxloom {

[[nodiscard]] Triple multiplied_stride(std::string_view op, const Triple& a, const Triple& b);
[[nodiscard]] Triple divided_stride(std::string_view op, const Triple& a, const Triple& b);

}  // namespace voxloom
