// The CPU's loops for the problems of engine/weights.h.
#pragma once

#include "engine/weights.h"

namespace voxloom::cpu {

void turn_weight(const engine::TurnWeight& problem);
void quantize_weight(const engine::QuantizeWeight& problem);
void dequantize_weight(const engine::DequantizeWeight& problem);

}  // namespace voxloom::cpu
