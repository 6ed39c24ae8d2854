// The pointwise product as a convolution on the map of the identity: what the plain reference is, and
// what decodes packed weights.

#include "cpu/convolution.h"

namespace voxloom::cpu {
namespace {

void on_identity(const ConvPointwise& problem, void (*run)(const ConvForward&)) {
  const engine::MapRef rows = engine::MapRef::identity(problem.x->dim(0));
  ConvForward mapped;
  mapped.map = blocks_of(rows);
  mapped.x = problem.x;
  mapped.weight = problem.weight;
  mapped.bias = problem.bias;
  mapped.y = problem.y;
  mapped.epilogue = problem.epilogue;
  run(mapped);
}

}  // namespace

void offset_major_pointwise(const ConvPointwise& problem) {
  on_identity(problem, offset_major_forward);
}

void reference_pointwise(const ConvPointwise& problem) { on_identity(problem, reference_forward); }

}  // namespace voxloom::cpu
