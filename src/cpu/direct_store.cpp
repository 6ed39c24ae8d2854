// Forward product where each output row has at most one partner: a transposed or inverse convolution
// whose kernel is no larger than its stride, or the data gradient of the strided one.
//
// No sum is kept: a register tile of entries goes through the epilogue into y, and is never read again.
// A task owns a block of output rows, or some, and takes the kernel offsets in turn. Each row of y is one
// product whatever the tasks are: nothing depends on how they are cut.

#include <algorithm>
#include <bitset>
#include <vector>

#include "core/parallel.h"
#include "cpu/blocking.h"
#include "cpu/convolution.h"
#include "cpu/kernel_table.h"
#include "cpu/prefetch.h"
#include "cpu/scratch.h"
#include "cpu/store_sums.h"
#include "cpu/weight_panels.h"

namespace voxloom::cpu {
namespace {

// Several blocks would share the panels of W. Measured, it makes no difference.
std::int64_t blocks_a_task(const ConvForward& problem) {
  return std::max<std::int64_t>(1, problem.cut.blocks);
}

class DirectStore {
 public:
  explicit DirectStore(const ConvForward& problem)
      : p_(problem),
        panels_(split_into_panels(problem.weight.out, current())),
        weights_(problem.weight, panels_),
        kernels_(dense_kernels(panels_, current(), problem.y->dtype())),
        store_(problem, current()),
        prefetch_(problem.map, *problem.x, *problem.y, Prefetch::Outputs::written),
        in_channels_(problem.x->dim(1)) {
    if (problem.x->dtype() != DType::f32) {
      widen_ = kernel_of<WidenArgs>(current(), problem.x->dtype());
    }
  }

  void run() const {
    if (panels_.empty()) return;  // no output channels
    parallel_for(p_.map.block_count(), blocks_a_task(p_),
                 [&](std::int64_t begin, std::int64_t end) { run_task(begin, end); });
  }

 private:
  void run_task(std::int64_t first, std::int64_t last) const {
    const auto panels = static_cast<std::int64_t>(panels_.size()) * p_.weight.groups;
    const std::int64_t tiles =
        p_.map.entries_in(first, last) / panels_.front().kernel.rows * panels;
    // The rows of y are met from the first offset on: they are the next task's.
    const Prefetch::Walk::Blocks next{last, 2 * last - first};
    Prefetch::Spread spread(prefetch_, next, next, tiles);
    for (std::int64_t step = 0; step < p_.weight.volume; ++step) {
      // In the order in which the entries lie in memory.
      const std::int64_t k = p_.map.mirrored ? p_.weight.volume - 1 - step : step;
      for (std::int64_t block = first; block < last; ++block) multiply(block, k, spread.ahead());
    }
    for (std::int64_t block = first; block < last; ++block) finish_lonely_rows(block);
  }

  void multiply(std::int64_t block, std::int64_t k, Ahead* ahead) const {
    const BlockSlice slice = p_.map.slice(block, k);
    if (slice.count == 0) return;
    DenseArgs args{};
    args.a_stride = in_channels_;
    args.c_row = slice.out_local;
    args.depth = p_.weight.in;
    args.ahead = ahead;
    const float* x = nullptr;
    if (widen_ == nullptr) {
      x = p_.x->data<float>();
      args.a_row = slice.in_row;
    } else {
      x = widen_rows(slice);
    }
    for (std::int64_t g = 0; g < p_.weight.groups; ++g) {
      args.a = x + g * p_.weight.in;
      for (std::size_t p = 0; p < panels_.size(); ++p) {
        args.b = weights_.at(g, p, k);
        args.out = store_.target(block * kBlockRows, g * p_.weight.out + panels_[p].first);
        args.out.rows = slice.count;
        args.out.width = panels_[p].count;
        kernels_[p](args);
      }
    }
  }

  [[nodiscard]] const float* widen_rows(const BlockSlice& slice) const {
    float* to = thread_scratch(slice.count * in_channels_).data();
    widen_({.x = p_.x->raw(),
            .x_stride = in_channels_,
            .row = slice.in_row,
            .count = slice.count,
            .depth = in_channels_,
            .out = to,
            .out_stride = in_channels_});
    return to;
  }

  // A row without a partner gets what the epilogue makes of an empty sum.
  void finish_lonely_rows(std::int64_t block) const {
    const std::int64_t rows = p_.map.rows_in(block);
    if (p_.map.entries_in(block, block + 1) == rows) return;
    std::bitset<kBlockRows> met;
    for (std::int64_t k = 0; k < p_.weight.volume; ++k) {
      const BlockSlice slice = p_.map.slice(block, k);
      for (std::int64_t e = 0; e < slice.count; ++e) met.set(slice.out_local[e]);
    }
    const std::int64_t columns = p_.y->dim(1);
    float* zeros = thread_scratch(columns).data();
    std::fill(zeros, zeros + columns, 0.0F);
    for (std::int64_t row = 0; row < rows; ++row) {
      if (met.test(static_cast<std::size_t>(row))) continue;
      store_({.sums = zeros,
              .stride = columns,
              .first = block * kBlockRows + row,
              .rows = 1,
              .column = 0,
              .width = columns});
    }
  }

  const ConvForward& p_;
  std::vector<Panel> panels_;
  WeightPanels weights_;
  std::vector<Kernel<DenseArgs>> kernels_;  // one per panel
  SumStore store_;
  Kernel<WidenArgs> widen_ = nullptr;  // 16-bit features only
  Prefetch prefetch_;
  std::int64_t in_channels_;
};

}  // namespace

bool has_single_partners(const ConvForward& problem) {
  return problem.map.entries->single_partner && !problem.weight.packed;
}

std::vector<Cut> direct_store_cuts(const ConvForward& problem) {
  return others_than({blocks_a_task(problem), 0}, {{2, 0}, {4, 0}}, problem.map.block_count(), 0);
}

void direct_store_forward(const ConvForward& problem) { DirectStore(problem).run(); }

}  // namespace voxloom::cpu
