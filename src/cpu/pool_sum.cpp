// Sums and means over a map, one block of output rows at a time.

#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/convolution.h"
#include "cpu/pools.h"

namespace voxloom::cpu {
namespace {

using engine::PoolSum;

// The sums of one block, kept by each chunk for its blocks.
struct BlockSums {
  std::vector<float> values;    // (rows, C)
  std::vector<double> weights;  // per row; whole weights add up exactly
};

template <typename T>
void add_slice(const PoolSum& problem, const BlockSlice& slice, float weight, BlockSums& sums) {
  const std::int64_t channels = problem.x->dim(1);
  const T* x = problem.x->data<T>();
  for (std::int64_t e = 0; e < slice.count; ++e) {
    const T* row = x + slice.in_row[e] * channels;
    float* sum = sums.values.data() + slice.out_local[e] * channels;
    for (std::int64_t c = 0; c < channels; ++c) sum[c] += weight * static_cast<float>(row[c]);
    sums.weights[slice.out_local[e]] += static_cast<double>(weight);
  }
}

template <typename T>
void store_block(const PoolSum& problem, const MapBlocks& map, std::int64_t block,
                 const BlockSums& sums) {
  const std::int64_t channels = problem.x->dim(1);
  for (std::int64_t local = 0; local < map.rows_in(block); ++local) {
    const auto present = static_cast<float>(sums.weights[static_cast<std::size_t>(local)]);
    const float divisor = problem.mean && present > 0.0F ? present : 1.0F;
    const float* sum = sums.values.data() + local * channels;
    T* y = problem.y->mutable_data<T>() + map.out_row(block, local) * channels;
    for (std::int64_t c = 0; c < channels; ++c) y[c] = T(sum[c] / divisor);
  }
}

template <typename T>
void run_block(const PoolSum& problem, const MapBlocks& map, std::int64_t block, BlockSums& sums) {
  const auto rows = static_cast<std::size_t>(map.rows_in(block));
  sums.values.assign(rows * static_cast<std::size_t>(problem.x->dim(1)), 0.0F);
  sums.weights.assign(rows, 0.0);
  for (std::int64_t k = 0; k < map.volume; ++k) {
    const auto offset = static_cast<std::size_t>(k);
    const float weight = problem.offset_weights.empty() ? 1.0F : problem.offset_weights[offset];
    add_slice<T>(problem, map.slice(block, k), weight, sums);
  }
  store_block<T>(problem, map, block, sums);
}

}  // namespace

void pool_sum(const PoolSum& problem) {
  const MapBlocks map = blocks_of(problem.map);
  visit_feature_dtype("pool", problem.x->dtype(), [&]<typename T>() {
    parallel_for(map.block_count(), 1, [&](std::int64_t begin, std::int64_t end) {
      BlockSums sums;
      for (std::int64_t block = begin; block < end; ++block)
        run_block<T>(problem, map, block, sums);
    });
  });
}

}  // namespace voxloom::cpu
