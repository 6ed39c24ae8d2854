// Weight gradient as gathered outer products.
//
// A task owns a part of the blocks and a range of kernel offsets (wgrad_parts.h). It takes a few
// blocks at a time: their rows of dy are packed once, panel by panel, for all offsets; then, offset
// by offset, the entries become one list, and tiles of dW[k] stay in registers while up to kRun
// entries run. Rows of x are read where they lie; 16-bit rows are widened run by run.
//
// kRun entries of a 32-wide panel are 16 KB of dy and one line per row, 8 KB, of x: both stay in the
// first-level cache while the tiles of a panel run one after the other. A sum is at most one block
// group long before it is added to the part's sum, and the parts are added in binary64.

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "core/checked.h"
#include "core/parallel.h"
#include "cpu/convolution.h"
#include "cpu/kernel_table.h"
#include "cpu/scratch.h"
#include "cpu/wgrad_parts.h"
#include "voxloom/memory.h"

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kBlockRows = BlockedEntries::kBlockRows;
constexpr std::int64_t kRun = 128;

struct OutPanel {
  std::int64_t first = 0, count = 0;  // output channels within the group
  KernelInfo<OuterArgs> kernel;
  std::int64_t begin = 0;  // columns before it, padded
};

// The widest kernels first; the last panel takes the narrowest that holds what is left.
std::vector<OutPanel> outer_panels(std::int64_t out, Isa isa) {
  std::vector<KernelInfo<OuterArgs>> kernels = kernels_of<OuterArgs>(isa, DType::f32);
  std::ranges::sort(kernels, {}, [](const auto& kernel) { return -kernel.width; });
  const std::int64_t narrowest = kernels.back().width;
  std::vector<OutPanel> panels;
  std::int64_t columns = 0;
  for (std::int64_t first = 0; first < out;) {
    const std::int64_t left = (out - first + narrowest - 1) / narrowest * narrowest;
    const auto& kernel =
        *std::ranges::find_if(kernels, [&](const auto& k) { return k.width <= left; });
    panels.push_back({first, std::min<std::int64_t>(kernel.width, out - first), kernel, columns});
    first += kernel.width;
    columns += kernel.width;
  }
  return panels;
}

class OuterProducts {
 public:
  explicit OuterProducts(const ConvWeightGradient& problem)
      : p_(problem),
        in_channels_(problem.x->dim(1)),
        out_channels_(problem.dy->dim(1)),
        in_(in_channels_ / problem.groups),
        panels_(outer_panels(out_channels_ / problem.groups, current())),
        columns_(panels_.empty() ? 0 : panels_.back().begin + panels_.back().kernel.width),
        slice_(checked_product("convolution", {problem.groups, in_, columns_})),
        size_(checked_product("convolution", {problem.map.volume, slice_})),
        parts_(problem.map.block_count(), problem.map.volume, size_),
        widen_(kernel_of<WidenArgs>(current(), problem.x->dtype())),
        widens_x_(problem.x->dtype() != DType::f32) {
    // As many blocks at once as leave their dy in the second-level cache: 256 KB.
    blocks_at_once_ = std::clamp<std::int64_t>(
        65536 / std::max<std::int64_t>(1, kBlockRows * problem.groups * columns_), 1, 4);
    own_rows_.resize(kRun);
    std::iota(own_rows_.begin(), own_rows_.end(), 0);
    const std::int64_t floats = checked_product("convolution", {parts_.parts, size_});
    sums_ = std::reinterpret_pointer_cast<float>(allocate_bytes(
        static_cast<std::size_t>(checked_product("convolution", {floats, sizeof(float)}))));
  }

  void run() const {
    parallel_for(parts_.tasks(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        run_task(task / parts_.ranges, task % parts_.ranges);
      }
    });
    const std::int64_t slices = p_.map.volume * p_.groups;
    parallel_for(slices, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = begin; s < end; ++s) add_up(s);
    });
  }

 private:
  // One task's working memory.
  struct Work {
    float* dy;                  // [group][panel][row][column in panel]
    float* x;                   // widened rows of one run
    std::vector<std::int32_t> out_row;             // rows of dy, block by block
    std::vector<std::int32_t> x_row, dy_row;       // one offset's entries
    std::int64_t rows = 0;
  };

  void run_task(std::int64_t part, std::int64_t range) const {
    const std::int64_t most_rows = blocks_at_once_ * kBlockRows;
    const std::int64_t dy_floats = most_rows * p_.groups * columns_;
    Work work{};
    work.dy = thread_scratch(dy_floats + (widens_x_ ? kRun * in_channels_ : 0)).data();
    work.x = work.dy + dy_floats;
    for (auto* rows : {&work.out_row, &work.x_row, &work.dy_row}) {
      rows->resize(static_cast<std::size_t>(most_rows));
    }
    const std::int64_t first_k = parts_.first_offset(range);
    const std::int64_t last_k = parts_.first_offset(range + 1);
    float* sums = sums_.get() + part * size_;
    std::fill(sums + first_k * slice_, sums + last_k * slice_, 0.0F);
    const std::int64_t last_block = parts_.first_block(part + 1);
    for (std::int64_t b = parts_.first_block(part); b < last_block; b += blocks_at_once_) {
      const std::int64_t end = std::min(last_block, b + blocks_at_once_);
      pack_dy(work, b, end);
      for (std::int64_t k = first_k; k < last_k; ++k) {
        add_offset(work, b, end, k, sums + k * slice_);
      }
    }
  }

  void pack_dy(Work& work, std::int64_t first_block, std::int64_t last_block) const {
    work.rows = 0;
    for (std::int64_t b = first_block; b < last_block; ++b) {
      for (std::int64_t r = 0; r < p_.map.rows_in(b); ++r) {
        work.out_row[static_cast<std::size_t>(work.rows++)] = p_.map.out_row(b, r);
      }
    }
    const auto bytes = static_cast<std::int64_t>(size_of(p_.dy->dtype()));
    const std::int64_t out = out_channels_ / p_.groups;
    for (std::int64_t g = 0; g < p_.groups; ++g) {
      for (const OutPanel& panel : panels_) {
        float* to = packed(work, g, panel);
        // Padding must be there, and finite numbers are faster than what the memory held.
        if (panel.count < panel.kernel.width) {
          std::fill(to, to + work.rows * panel.kernel.width, 0.0F);
        }
        widen_({.x = p_.dy->raw() + (g * out + panel.first) * bytes,
                .x_stride = out_channels_,
                .row = work.out_row.data(),
                .count = work.rows,
                .depth = panel.count,
                .out = to,
                .out_stride = panel.kernel.width});
      }
    }
  }

  [[nodiscard]] float* packed(const Work& work, std::int64_t g, const OutPanel& panel) const {
    return work.dy + work.rows * (g * columns_ + panel.begin);
  }

  // The entries of offset k in all blocks at hand, as one list.
  static std::int64_t list_entries(Work& work, const MapBlocks& map, std::int64_t first_block,
                                   std::int64_t last_block, std::int64_t k) {
    std::int32_t* x_row = work.x_row.data();
    std::int32_t* dy_row = work.dy_row.data();
    std::int64_t count = 0;
    for (std::int64_t b = first_block; b < last_block; ++b) {
      const BlockSlice slice = map.slice(b, k);
      const auto before = static_cast<std::int32_t>((b - first_block) * kBlockRows);
      std::copy_n(slice.in_row, slice.count, x_row + count);
      for (std::int64_t e = 0; e < slice.count; ++e) {
        dy_row[count + e] = before + slice.out_local[e];
      }
      count += slice.count;
    }
    return count;
  }

  void add_offset(Work& work, std::int64_t first_block, std::int64_t last_block, std::int64_t k,
                  float* sums) const {
    const std::int64_t count = list_entries(work, p_.map, first_block, last_block, k);
    for (std::int64_t e = 0; e < count; e += kRun) {
      add_run(work, e, std::min(kRun, count - e), sums);
    }
  }

  void add_run(const Work& work, std::int64_t first, std::int64_t count, float* sums) const {
    OuterArgs args{};
    const float* x = nullptr;
    if (widens_x_) {
      widen_({.x = p_.x->raw(),
              .x_stride = in_channels_,
              .row = work.x_row.data() + first,
              .count = count,
              .depth = in_channels_,
              .out = work.x,
              .out_stride = in_channels_});
      x = work.x;
      args.a_row = own_rows_.data();
    } else {
      x = p_.x->data<float>();
      args.a_row = work.x_row.data() + first;
    }
    args.a_stride = in_channels_;
    args.b_row = work.dy_row.data() + first;
    args.count = count;
    args.depth = in_;
    for (std::int64_t g = 0; g < p_.groups; ++g) {
      args.a = x + g * in_;
      for (const OutPanel& panel : panels_) {
        args.b = packed(work, g, panel);
        args.c = sums + in_ * (g * columns_ + panel.begin);
        panel.kernel.run(args);
      }
    }
  }

  // Slice s = (k, g): the parts' sums, in order, without the padding.
  void add_up(std::int64_t s) const {
    const std::int64_t out = out_channels_ / p_.groups;
    float* dw = p_.dw->mutable_data<float>() + s * in_ * out;
    for (const OutPanel& panel : panels_) {
      const float* from = sums_.get() + in_ * (s * columns_ + panel.begin);
      for (std::int64_t i = 0; i < in_; ++i) {
        for (std::int64_t o = 0; o < panel.count; ++o) {
          double total = 0.0;
          for (std::int64_t p = 0; p < parts_.parts; ++p) {
            total += static_cast<double>(from[p * size_ + i * panel.kernel.width + o]);
          }
          dw[i * out + panel.first + o] = static_cast<float>(total);
        }
      }
    }
  }

  const ConvWeightGradient& p_;
  std::int64_t in_channels_, out_channels_;
  std::int64_t in_;  // per group
  std::vector<OutPanel> panels_;
  std::int64_t columns_;  // of all panels of a group
  std::int64_t slice_;    // floats of one offset's sums: [group][panel][in][column in panel]
  std::int64_t size_;     // of all offsets'
  WeightGradientParts parts_;
  Kernel<WidenArgs> widen_;
  bool widens_x_;
  std::int64_t blocks_at_once_ = 1;
  std::vector<std::int32_t> own_rows_;  // 0, 1, 2, ...: the row numbers of widened rows
  std::shared_ptr<float> sums_;         // [part][offset]...
};

}  // namespace

void outer_weight_gradient(const ConvWeightGradient& problem) { OuterProducts(problem).run(); }

}  // namespace voxloom::cpu
