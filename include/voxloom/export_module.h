// From modules to lattice bundles: what a trained network is shipped as.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "voxloom/artifact.h"
#include "voxloom/export.h"
#include "voxloom/module.h"
#include "voxloom/points.h"
#include "voxloom/weight.h"

namespace VOXLOOM_API voxloom {
namespace artifact {

struct ExportOptions {
  std::int64_t in_channels = 0;
  bool fold_norms = true;  // batch norms behind convolutions become a part of them
  // Weights of products without groups, with at least `packed_channels` input channels, are packed.
  std::optional<QuantizeOptions> packed = {};
  std::int64_t packed_channels = 16;
};

// Inputs x_coords, x_features, x_active; one output, "output". Parameters are stored under their names;
// load_parameters reads them back when no norm was folded and nothing was packed.
// std::invalid_argument for a module that the format has no words for.
[[nodiscard]] Bundle export_module(const nn::Module& module, const ExportOptions& options);

// A network that gives scores on its input's rows, between points and points: inputs points (P,3),
// features (P, in_channels), batch (P) and active (1); output "scores" (P, classes). A voxel's
// features are the mean of its points', a point's scores those of the cell that holds it. Points that
// are not finite get zeros.
[[nodiscard]] Bundle export_on_points(const nn::Module& module, const Grid& grid,
                                      const ExportOptions& options);

}  // namespace artifact
}  // namespace voxloom
