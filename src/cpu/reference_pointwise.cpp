// The plain pointwise product: the plain convolution on the map of the identity.

#include "coords/map_blocks.h"
#include "cpu/convolution.h"

namespace voxloom::cpu {

void reference_pointwise(const ConvPointwise& problem) {
  const BlockedEntries entries = identity_entries(problem.x->dim(0));
  MapBlocks blocks;
  blocks.entries = &entries;
  blocks.out_rows = problem.x->dim(0);
  blocks.volume = 1;
  reference_forward({.map = blocks,
                     .x = problem.x,
                     .weight = problem.weight,
                     .bias = problem.bias,
                     .y = problem.y,
                     .epilogue = problem.epilogue});
}

}  // namespace voxloom::cpu
