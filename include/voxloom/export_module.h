// From modules to lattice bundles: what a trained network is shipped as. The module is run once, on
// symbols (recorder.h), and what it does is written down; nothing has to be said about it.
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
  bool fold_norms = true;  // batch norms behind products become a part of them
  // Weights of products without groups, with at least `packed_channels` input channels, are packed; not
  // those of normalized forms.
  std::optional<QuantizeOptions> packed = {};
  std::int64_t packed_channels = 16;
  // Weights stay dense where other readers do not run them packed: `voxloom verify --portable` names them else.
  bool pack_for_all_readers = false;
};

// Inputs x_coords, x_features, x_active; one output, "output". Parameters are stored under their names;
// load_parameters reads them back when no norm was folded and nothing was packed. A tensor that several parameters
// share is stored once; one that is read in several shapes once for each, with a number behind the name. The bundle's
// arrays are its own: what becomes of the module changes nothing in them.
// std::invalid_argument for an operation that the format has no words for; autograd::TraceError, which is
// one, for a module whose steps depend on values: it names the module and what was asked for.
[[nodiscard]] Bundle export_module(const nn::Module& module, const ExportOptions& options);

// A network that gives scores on its input's rows, between points and points: inputs points (P,3),
// features (P, in_channels), batch (P) and active (1); output "scores" (P, classes). A voxel's
// features are the mean of its points', a point's scores those of the cell that holds it. Points that
// are not finite get zeros.
[[nodiscard]] Bundle export_on_points(const nn::Module& module, const Grid& grid,
                                      const ExportOptions& options);

// The network between the points of such a bundle, by itself, in IR v2's words where it has them: inputs x_coords,
// x_features and x_active, and as output the voxels' scores under the name that the points' had. Other readers cannot
// run what meets the points: ours reads the cell that holds a point and drops points that are not finite.
// std::invalid_argument for a bundle whose points do more than to go into one voxelization and to read one tensor.
[[nodiscard]] Bundle without_points(const Bundle& bundle);

}  // namespace artifact
}  // namespace voxloom
