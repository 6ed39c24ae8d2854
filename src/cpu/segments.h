// The CPU's loops for the problems of engine/segments.h. Long segments are cut into chunks whose length
// is fixed and whose partial results are combined in order, so that threads never change a result.
#pragma once

#include "engine/segments.h"

namespace voxloom::cpu {

void segment_reduce(const engine::SegmentReduce& problem);
void segment_max_winners(const engine::SegmentMaxWinners& problem);

}  // namespace voxloom::cpu
