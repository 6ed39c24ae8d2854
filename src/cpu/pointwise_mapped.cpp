// The pointwise product as a convolution on the map of the identity: what the plain reference is, and
// what decodes packed weights.

#include "coords/map_blocks.h"
#include "cpu/convolution.h"

namespace voxloom::cpu {
namespace {

void on_identity(const ConvPointwise& problem, void (*run)(const ConvForward&)) {
  const BlockedEntries entries = identity_entries(problem.x->dim(0));
  MapBlocks blocks;
  blocks.entries = &entries;
  blocks.out_rows = problem.x->dim(0);
  blocks.volume = 1;
  run({.map = blocks,
       .x = problem.x,
       .weight = problem.weight,
       .bias = problem.bias,
       .y = problem.y,
       .epilogue = problem.epilogue});
}

}  // namespace

void offset_major_pointwise(const ConvPointwise& problem) {
  on_identity(problem, offset_major_forward);
}

void reference_pointwise(const ConvPointwise& problem) { on_identity(problem, reference_forward); }

}  // namespace voxloom::cpu
