// Forward product, output block by kernel offset.
//
// A task owns the sums of some output blocks and some panels of output channels. For each kernel
// offset it runs register tiles over the entries of its blocks: rows of x are read through their row
// numbers, the panel of W[k] stays in cache for all blocks of the task, and each sum is loaded and
// stored once per offset. Sums live in the thread's scratch, panel by panel, and reach y through the
// epilogue once. No two tasks share a sum, so nothing depends on the number of threads.

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "core/parallel.h"
#include "cpu/blocking.h"
#include "cpu/convolution.h"
#include "cpu/prefetch.h"
#include "cpu/scratch.h"
#include "cpu/store_sums.h"
#include "cpu/weight_panels.h"

namespace voxloom::cpu {
namespace {

// Panels [begin, end) of a group that share one walk over the entries.
struct Strip {
  std::int64_t group;
  std::size_t begin, end;
  std::int64_t columns;  // padded
};

class OffsetMajor {
 public:
  explicit OffsetMajor(const ConvForward& problem)
      : p_(problem),
        blocking_(problem),
        panels_(blocking_.panels),
        store_(problem, blocking_.isa),
        prefetch_(problem.map, *problem.x, *problem.y, Prefetch::Outputs::written),
        in_channels_(problem.x->dim(1)) {
    if (problem.x->dtype() != DType::f32) {
      widen_ = kernel_of<WidenArgs>(blocking_.isa, problem.x->dtype());
      own_rows_.resize(kBlockRows);
      std::iota(own_rows_.begin(), own_rows_.end(), 0);
    }
    if (problem.weight.packed) {
      decode_ = kernel_of<DecodeArgs>(blocking_.isa, problem.weight.packed->scale_dtype);
    } else {
      weights_.emplace(problem.weight, panels_);
    }
    cut_strips();
  }

  void run() const {
    const std::int64_t blocks = p_.map.block_count();
    const std::int64_t chunks =
        (blocks + blocking_.blocks_per_task - 1) / blocking_.blocks_per_task;
    const auto strips = static_cast<std::int64_t>(strips_.size());
    parallel_for(chunks * strips, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t first = task / strips * blocking_.blocks_per_task;
        run_task(first, std::min(blocks, first + blocking_.blocks_per_task),
                 strips_[static_cast<std::size_t>(task % strips)]);
      }
    });
  }

 private:
  void cut_strips() {
    for (std::int64_t g = 0; g < p_.weight.groups; ++g) {
      for (std::size_t p = 0; p < panels_.size(); ++p) {
        const std::int64_t width = panels_[p].kernel.width;
        if (p > 0 && strips_.back().columns + width <= blocking_.columns_per_strip) {
          strips_.back().end = p + 1;
          strips_.back().columns += width;
        } else {
          strips_.push_back({g, p, p + 1, width});
        }
      }
    }
  }

  void run_task(std::int64_t first, std::int64_t last, const Strip& strip) const {
    const std::int64_t rows = std::min(p_.map.out_rows, last * kBlockRows) - first * kBlockRows;
    const std::int64_t sum_count = rows * strip.columns;
    const std::int64_t widened = widen_ == nullptr ? 0 : blocking_.entries_per_call * p_.weight.in;
    const std::int64_t decoded = decode_ == nullptr ? 0 : strip.columns * p_.weight.in;
    float* sums = thread_scratch(sum_count + decoded + widened).data();
    float* panel_weights = sums + sum_count;
    std::fill(sums, sums + sum_count, 0.0F);
    // The task's first strip fetches for all of them.
    const bool leads = strip.group == 0 && strip.begin == 0;
    Prefetch::Spread spread(prefetch_, {last, 2 * last - first}, {first, last},
                            tiles_in(first, last, strip));
    GemmArgs gemm{};
    gemm.depth = p_.weight.in;
    if (widen_ == nullptr) {
      gemm.a = p_.x->data<float>() + strip.group * p_.weight.in;
      gemm.a_stride = in_channels_;
    } else {
      gemm.a = panel_weights + decoded;
      gemm.a_stride = p_.weight.in;
      gemm.a_row = own_rows_.data();
    }
    for (std::int64_t step = 0; step < p_.weight.volume; ++step) {
      // In the order in which the entries lie in memory.
      const std::int64_t k = p_.map.mirrored ? p_.weight.volume - 1 - step : step;
      if (decode_ != nullptr) decode_panels(strip, k, panel_weights);
      for (std::int64_t block = first; block < last; ++block) {
        const BlockSlice slice = p_.map.slice(block, k);
        if (slice.count == 0) continue;
        if (leads) gemm.ahead = spread.ahead();
        for (std::int64_t e = 0; e < slice.count; e += blocking_.entries_per_call) {
          const std::int64_t count = std::min(blocking_.entries_per_call, slice.count - e);
          if (widen_ == nullptr) {
            gemm.a_row = slice.in_row + e;
          } else {
            widen_rows(strip, {slice.in_row + e, slice.out_local + e, count},
                       panel_weights + decoded);
          }
          gemm.c_row = slice.out_local + e;
          gemm.count = count;
          float* panel_sums = sums;
          const float* b = panel_weights;
          for (std::size_t p = strip.begin; p < strip.end; ++p) {
            const std::int64_t width = panels_[p].kernel.width;
            gemm.b = decode_ == nullptr ? weights_->at(strip.group, p, k) : b;
            gemm.c = panel_sums + (block - first) * kBlockRows * width;
            panels_[p].kernel.run(gemm);
            panel_sums += rows * width;
            b += p_.weight.in * width;
          }
        }
      }
    }
    finish(strip, sums, first * kBlockRows, rows);
  }

  [[nodiscard]] std::int64_t tiles_in(std::int64_t first, std::int64_t last,
                                      const Strip& strip) const {
    const std::int64_t entries = p_.map.entries_in(first, last);
    return entries / panels_[strip.begin].kernel.rows *
           static_cast<std::int64_t>(strip.end - strip.begin);
  }

  void decode_panels(const Strip& strip, std::int64_t k, float* to) const {
    const PackedView& w = *p_.weight.packed;
    const auto scale_bytes = static_cast<std::int64_t>(size_of(w.scale_dtype));
    for (std::size_t p = strip.begin; p < strip.end; ++p) {
      const Panel& panel = panels_[p];
      const std::int64_t scale = w.at(k, panel.first, w.groups) * scale_bytes;
      decode_({.codes = w.codes + w.at(k, panel.first, w.words),
               .scales = w.scales + scale,
               .biases = w.biases + scale,
               .item = w.item_stride(),
               .code_column = w.column_stride(w.words),
               .scale_column = w.column_stride(w.groups),
               .bits = w.bits,
               .group_size = w.group_size,
               .depth = p_.weight.in,
               .columns = panel.count,
               .width = panel.kernel.width,
               .out = to});
      to += p_.weight.in * panel.kernel.width;
    }
  }

  void widen_rows(const Strip& strip, const BlockSlice& slice, float* to) const {
    constexpr std::int64_t kHalfBytes = 2;
    widen_({.x = p_.x->raw() + strip.group * p_.weight.in * kHalfBytes,
            .x_stride = in_channels_,
            .row = slice.in_row,
            .count = slice.count,
            .depth = p_.weight.in,
            .out = to,
            .out_stride = p_.weight.in});
  }

  void finish(const Strip& strip, const float* sums, std::int64_t first, std::int64_t rows) const {
    for (std::size_t p = strip.begin; p < strip.end; ++p) {
      const std::int64_t width = panels_[p].kernel.width;
      store_({.sums = sums,
              .stride = width,
              .first = first,
              .rows = rows,
              .column = strip.group * p_.weight.out + panels_[p].first,
              .width = panels_[p].count});
      sums += rows * width;
    }
  }

  const ConvForward& p_;
  ForwardBlocking blocking_;
  const std::vector<Panel>& panels_;
  std::optional<WeightPanels> weights_;  // dense weights
  Kernel<DecodeArgs> decode_ = nullptr;  // packed ones
  SumStore store_;
  Kernel<WidenArgs> widen_ = nullptr;   // 16-bit features only
  std::vector<std::int32_t> own_rows_;  // 0, 1, 2, ...: the row numbers of widened rows
  Prefetch prefetch_;
  std::int64_t in_channels_;
  std::vector<Strip> strips_;
};

}  // namespace

void offset_major_forward(const ConvForward& problem) { OffsetMajor(problem).run(); }

}  // namespace voxloom::cpu
