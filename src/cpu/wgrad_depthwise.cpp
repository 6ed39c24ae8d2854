// Depthwise weight gradient: dW[k][c] = sum x[v][c] dy[u][c], one column sum per channel. The sums are
// K x C floats, so a part (wgrad_parts.h) has little to keep, and the features are all that moves.

#include <algorithm>
#include <array>
#include <vector>

#include "core/parallel.h"
#include "cpu/convolution.h"
#include "cpu/kernel_table.h"
#include "cpu/wgrad_parts.h"

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kBlockRows = BlockedEntries::kBlockRows;

class ColumnDots {
 public:
  explicit ColumnDots(const ConvWeightGradient& problem)
      : p_(problem),
        channels_(problem.groups),
        size_(problem.map.volume * channels_),
        parts_(problem.map, 1, size_, problem.x->size() + problem.dy->size()),
        kernel_(kernel_of<ColumnDotArgs>(current(), problem.x->dtype())),
        sums_(static_cast<std::size_t>(parts_.parts * size_), 0.0F) {}

  void run() {
    parallel_for(parts_.tasks(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        run_task(task / parts_.ranges, task % parts_.ranges);
      }
    });
    float* dw = p_.dw->mutable_data<float>();
    for (std::int64_t i = 0; i < size_; ++i) {
      double total = 0.0;
      for (std::int64_t part = 0; part < parts_.parts; ++part) {
        total += static_cast<double>(sums_[static_cast<std::size_t>(part * size_ + i)]);
      }
      dw[i] = static_cast<float>(total);
    }
  }

 private:
  void run_task(std::int64_t part, std::int64_t range) {
    float* sums = sums_.data() + part * size_;
    for (std::int64_t b = parts_.first_block(part); b < parts_.first_block(part + 1); ++b) {
      for (std::int64_t k = parts_.first_offset(range); k < parts_.first_offset(range + 1); ++k) {
        add_slice(b, p_.map.slice(b, k), sums + k * channels_);
      }
    }
  }

  void add_slice(std::int64_t block, const BlockSlice& slice, float* sums) const {
    if (slice.count == 0) return;
    std::array<std::int32_t, kBlockRows> dy_row;  // at most one entry per output row
    for (std::int64_t e = 0; e < slice.count; ++e) {
      dy_row[static_cast<std::size_t>(e)] = p_.map.out_row(block, slice.out_local[e]);
    }
    kernel_({.x = p_.x->raw(),
             .x_stride = channels_,
             .x_row = slice.in_row,
             .dy = p_.dy->raw(),
             .dy_stride = channels_,
             .dy_row = dy_row.data(),
             .count = slice.count,
             .channels = channels_,
             .out = sums});
  }

  const ConvWeightGradient& p_;
  std::int64_t channels_;
  std::int64_t size_;  // floats of one part's sums
  WeightGradientParts parts_;
  Kernel<ColumnDotArgs> kernel_;
  std::vector<float> sums_;  // [part][offset][channel]
};

}  // namespace

bool is_depthwise(const ConvWeightGradient& problem) {
  return problem.groups > 1 && problem.x->dim(1) == problem.groups &&
         problem.dy->dim(1) == problem.groups;
}

void depthwise_weight_gradient(const ConvWeightGradient& problem) { ColumnDots(problem).run(); }

}  // namespace voxloom::cpu
