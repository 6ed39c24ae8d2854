// The CPU's loops over kernel maps for the problems of engine/pools.h, one block of output rows at a
// time.
#pragma once

#include "engine/pools.h"

namespace voxloom::cpu {

void pool_sum(const engine::PoolSum& problem);
void pool_max(const engine::PoolMax& problem);
void pool_max_winners(const engine::PoolMaxWinners& problem);
void pool_max_scatter(const engine::PoolMaxScatter& problem);
void normalize_by_weights(const engine::NormalizeByWeights& problem);

}  // namespace voxloom::cpu
