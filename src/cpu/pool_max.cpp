// Maxima over a map and the way back from them.

#include <algorithm>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/convolution.h"
#include "cpu/maximum.h"
#include "cpu/pools.h"

namespace voxloom::cpu {
namespace {

// Who leads each element of one block.
struct BlockLead {
  std::vector<float> values;
  std::vector<std::int32_t> rows;
};

// The offsets of a block do not come in ascending input row, so a tie must look at the rows.
template <typename T>
void challenge(const T* x, std::int32_t row, std::int64_t channels, float* values,
               std::int32_t* rows) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto value = static_cast<float>(x[c]);
    const bool same = stays(values[c], rows[c], value, row);
    values[c] = same ? values[c] : value;
    rows[c] = same ? rows[c] : row;
  }
}

template <typename T>
void lead_block(const MapBlocks& map, const Tensor& x, std::int64_t block, BlockLead& lead) {
  const std::int64_t channels = x.dim(1);
  const auto elements = static_cast<std::size_t>(map.rows_in(block) * channels);
  lead.values.assign(elements, Nobody::kValue);
  lead.rows.assign(elements, Nobody::kRow);
  const T* data = x.data<T>();
  for (std::int64_t k = 0; k < map.volume; ++k) {
    const BlockSlice slice = map.slice(block, k);
    for (std::int64_t e = 0; e < slice.count; ++e) {
      const std::int64_t at = slice.out_local[e] * channels;
      challenge(data + slice.in_row[e] * channels, slice.in_row[e], channels,
                lead.values.data() + at, lead.rows.data() + at);
    }
  }
}

// Calls store(out_row, values, rows) for each output row.
template <typename T, typename Store>
void for_each_lead(const MapBlocks& map, const Tensor& x, const Store& store) {
  const std::int64_t channels = x.dim(1);
  parallel_for(map.block_count(), 1, [&](std::int64_t begin, std::int64_t end) {
    BlockLead lead;
    for (std::int64_t block = begin; block < end; ++block) {
      lead_block<T>(map, x, block, lead);
      for (std::int64_t local = 0; local < map.rows_in(block); ++local) {
        store(map.out_row(block, local), lead.values.data() + local * channels,
              lead.rows.data() + local * channels);
      }
    }
  });
}

template <typename T>
void scatter_block(const engine::PoolMaxScatter& problem, const MapBlocks& map, std::int64_t block,
                   std::vector<float>& sums) {
  const std::int64_t channels = problem.dy->dim(1);
  const auto* winners = problem.winners->data<std::int32_t>();
  const T* dy = problem.dy->data<T>();
  sums.assign(static_cast<std::size_t>(map.rows_in(block) * channels), 0.0F);
  for (std::int64_t k = 0; k < map.volume; ++k) {
    const BlockSlice slice = map.slice(block, k);
    for (std::int64_t e = 0; e < slice.count; ++e) {
      const std::int32_t row = map.out_row(block, slice.out_local[e]);
      const std::int64_t from = slice.in_row[e] * channels;
      float* sum = sums.data() + slice.out_local[e] * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        // Selected, not multiplied by 0 or 1: what another row won may be infinite.
        sum[c] += winners[from + c] == row ? static_cast<float>(dy[from + c]) : 0.0F;
      }
    }
  }
  for (std::int64_t local = 0; local < map.rows_in(block); ++local) {
    T* y = problem.y->mutable_data<T>() + map.out_row(block, local) * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      y[c] = T(sums[static_cast<std::size_t>(local * channels + c)]);
    }
  }
}

}  // namespace

void pool_max(const engine::PoolMax& problem) {
  const std::int64_t channels = problem.x->dim(1);
  visit_feature_dtype("pool", problem.x->dtype(), [&]<typename T>() {
    T* y = problem.y->mutable_data<T>();
    for_each_lead<T>(blocks_of(problem.map), *problem.x,
                     [&](std::int64_t out_row, const float* values, const std::int32_t* rows) {
                       for (std::int64_t c = 0; c < channels; ++c) {
                         y[out_row * channels + c] = T(rows[c] == Nobody::kRow ? 0.0F : values[c]);
                       }
                     });
  });
}

void pool_max_winners(const engine::PoolMaxWinners& problem) {
  const Tensor& x = *problem.x;
  const std::int64_t channels = x.dim(1);
  auto* table = problem.winners->mutable_data<std::int32_t>();
  visit_feature_dtype("pool", x.dtype(), [&]<typename T>() {
    for_each_lead<T>(blocks_of(problem.map), x,
                     [&](std::int64_t out_row, const float*, const std::int32_t* rows) {
                       std::replace_copy(rows, rows + channels, table + out_row * channels,
                                         Nobody::kRow, -1);
                     });
  });
}

void pool_max_scatter(const engine::PoolMaxScatter& problem) {
  const MapBlocks map = blocks_of(problem.swapped_map);
  visit_feature_dtype("pool", problem.dy->dtype(), [&]<typename T>() {
    parallel_for(map.block_count(), 1, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> sums;
      for (std::int64_t block = begin; block < end; ++block) {
        scatter_block<T>(problem, map, block, sums);
      }
    });
  });
}

}  // namespace voxloom::cpu
