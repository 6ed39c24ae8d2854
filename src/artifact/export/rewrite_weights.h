// What becomes of a graph's weights on the way out.
#pragma once

#include "voxloom/export_module.h"
#include "voxloom/graph_builder.h"

namespace voxloom::artifact {

// Batch norms go into the products before them, as they do when a model is loaded; weights that nobody
// uses any more are left out. A product that had no bias gets one under its own name.
void fold_norms(Bundle& bundle);

// Weights of products without groups that have at least options.packed_channels input channels.
void pack_weights(Bundle& bundle, const ExportOptions& options);

// What was built, with its weights as the options want them. std::invalid_argument: it is wrong.
[[nodiscard]] Bundle finished(const GraphBuilder& builder, const ExportOptions& options);

}  // namespace voxloom::artifact
