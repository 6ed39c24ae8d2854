// Depthwise convolutions (one channel per group): forward, and the weight gradient.
//
// Two bytes move per operation, so what counts is that rows are read once from memory and reused from
// the cache: a task owns the sums of one block of output rows for all kernel offsets.

#include <algorithm>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/convolution.h"
#include "cpu/kernel_table.h"
#include "cpu/prefetch.h"
#include "cpu/scratch.h"
#include "cpu/store_sums.h"

namespace voxloom::cpu {
namespace {

// W as (K, C) float32.
std::vector<float> flat_weight(const WeightView& w) {
  std::vector<float> flat(static_cast<std::size_t>(w.volume * w.groups));
  visit_feature_dtype("convolution", w.dtype, [&]<typename T>() {
    const T* from = reinterpret_cast<const T*>(w.data);
    for (std::int64_t k = 0; k < w.volume; ++k) {
      for (std::int64_t g = 0; g < w.groups; ++g) {
        flat[static_cast<std::size_t>(k * w.groups + g)] =
            static_cast<float>(from[w.at(k, g, 0, 0)]);
      }
    }
  });
  return flat;
}

}  // namespace

bool is_depthwise(const ConvForward& p) {
  return p.weight.in == 1 && p.weight.out == 1 && !p.weight.packed;
}

namespace {

// A strip of channels is a cache line of float32: the sums of a block and the rows that it reads, some
// 40 KB together, stay in the first-level cache for all offsets.
constexpr std::int64_t kStrip = 16;

class Depthwise {
 public:
  explicit Depthwise(const ConvForward& problem)
      : p_(problem),
        channels_(problem.weight.groups),
        weight_(flat_weight(problem.weight)),
        kernel_(kernel_of<DepthwiseArgs>(current(), problem.x->dtype())),
        store_(problem, current()),
        prefetch_(problem.map, *problem.x, *problem.y, Prefetch::Outputs::written),
        sums_in_y_(problem.y->dtype() == DType::f32 && problem.map.out_row_of_rank.empty()) {}

  void run_block(std::int64_t block) const {
    const std::int64_t rows = p_.map.rows_in(block);
    // Rows of y that lie together are their own sums.
    float* sums = sums_in_y_ ? p_.y->mutable_data<float>() + block * kBlockRows * channels_
                             : thread_scratch(rows * channels_).data();
    std::fill(sums, sums + rows * channels_, 0.0F);
    const std::int64_t strips = (channels_ + kStrip - 1) / kStrip;
    Prefetch::Walk walk(prefetch_, {block + 1, block + 2}, {block + 1, block + 2},
                        p_.weight.volume * strips);
    for (std::int64_t first = 0; first < channels_; first += kStrip) {
      for (std::int64_t k = 0; k < p_.weight.volume; ++k) {
        walk.step();
        add_entries(p_.map.slice(block, k), k, first, sums);
      }
    }
    if (sums_in_y_ && p_.bias == nullptr && p_.epilogue.is_empty()) return;
    store_({.sums = sums,
            .stride = channels_,
            .first = block * kBlockRows,
            .rows = rows,
            .column = 0,
            .width = channels_});
  }

 private:
  void add_entries(const BlockSlice& slice, std::int64_t k, std::int64_t first, float* sums) const {
    kernel_({.x = p_.x->raw() + first * static_cast<std::int64_t>(size_of(p_.x->dtype())),
             .x_stride = channels_,
             .x_row = slice.in_row,
             .c_row = slice.out_local,
             .count = slice.count,
             .w = weight_.data() + k * channels_ + first,
             .channels = std::min(kStrip, channels_ - first),
             .c = sums + first,
             .c_stride = channels_});
  }

  const ConvForward& p_;
  std::int64_t channels_;
  std::vector<float> weight_;
  Kernel<DepthwiseArgs> kernel_;
  SumStore store_;
  Prefetch prefetch_;
  bool sums_in_y_;
};

}  // namespace

void depthwise_forward(const ConvForward& p) {
  const Depthwise depthwise(p);
  parallel_for(p.map.block_count(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) depthwise.run_block(block);
  });
}

bool is_depthwise_gradient(const ConvWeightGradient& p) {
  return p.groups == p.x->dim(1) && p.groups == p.dy->dim(1);
}

void depthwise_weight_gradient(const ConvWeightGradient& p) {
  const std::int64_t channels = p.groups;
  const std::int64_t volume = p.map.volume;
  const std::int64_t blocks = p.map.block_count();
  const auto kernel = kernel_of<DepthwiseWgradArgs>(current(), p.x->dtype());
  // Partial sums of at most 64 fixed chunks, added in their order.
  const std::int64_t per_chunk = std::max<std::int64_t>(1, (blocks + 63) / 64);
  const std::int64_t chunks = (blocks + per_chunk - 1) / per_chunk;
  std::vector<float> partial(static_cast<std::size_t>(chunks * volume * channels), 0.0F);
  parallel_for(blocks, per_chunk, [&](std::int64_t begin, std::int64_t end) {
    float* dw = partial.data() + begin / per_chunk * volume * channels;
    std::int32_t dy_row[kBlockRows];
    for (std::int64_t block = begin; block < end; ++block) {
      for (std::int64_t k = 0; k < volume; ++k) {
        const BlockSlice slice = p.map.slice(block, k);
        for (std::int64_t e = 0; e < slice.count; ++e) {
          dy_row[e] = p.map.out_row(block, slice.out_local[e]);
        }
        kernel({.x = p.x->raw(),
                .dy = p.dy->raw(),
                .stride = channels,
                .x_row = slice.in_row,
                .dy_row = dy_row,
                .count = slice.count,
                .channels = channels,
                .dw = dw + k * channels});
      }
    }
  });
  float* dw = p.dw->mutable_data<float>();
  std::fill(dw, dw + volume * channels, 0.0F);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    const float* part = partial.data() + chunk * volume * channels;
    for (std::int64_t i = 0; i < volume * channels; ++i) dw[i] += part[i];
  }
}

}  // namespace voxloom::cpu
