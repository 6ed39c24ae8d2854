#include "cpu/pools.h"

#include "cpu/backend.h"

namespace voxloom::cpu {

void CpuBackend::offer_pools() {
  offer_only<pool_sum>();
  offer_only<pool_max>();
  offer_only<pool_max_winners>();
  offer_only<pool_max_scatter>();
  offer_only<normalize_by_weights>();
}

}  // namespace voxloom::cpu
