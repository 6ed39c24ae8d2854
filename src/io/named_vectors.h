// Arrays of several numbers a point that are known by name: `colors` is red, green and blue, `normals` nx, ny and nz.
#pragma once

#include "io/point_source.h"

namespace voxloom::io {

// The source with such columns, of three numbers or of four with alpha, as single ones. Those of which the source has
// one by its own name stay as they are.
[[nodiscard]] Points with_named_vectors(Points source);

}  // namespace voxloom::io
