// What other readers of the format run: seen with mlx-lattice 0.6.3.
#pragma once

#include "artifact/graph/op_spec.h"

namespace voxloom::artifact {

// An operation of IR v2 with a packed weight.
[[nodiscard]] bool runs_packed_elsewhere(const OpView& op);

}  // namespace voxloom::artifact
