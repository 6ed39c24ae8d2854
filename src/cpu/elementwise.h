// The CPU's loops for the problems of engine/elementwise.h.
#pragma once

#include "engine/elementwise.h"

namespace voxloom::cpu {

void activate(const engine::Activate& problem);
void map_elements(const engine::MapElements& problem);
void first_not_finite(const engine::FirstNotFinite& problem);

}  // namespace voxloom::cpu
