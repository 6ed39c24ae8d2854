// Scans that are changed as a whole: an origin as readers choose it, and all that a scan says without its points.
#pragma once

#include "voxloom/scan.h"

namespace voxloom::io {

// Makes positions relative to what a reader would have chosen for them, now that they are others; no point moves.
void settle_origin(Scan& scan);

// The head of a scan: origin, middle, poses, lattice, records, comments. No points and no attributes.
[[nodiscard]] Scan head_of(const Scan& scan);

}  // namespace voxloom::io
