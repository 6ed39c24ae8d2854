// Weight gradient as gathered outer products.
//
// A task owns one panel of output channels, a part of the blocks and a range of kernel offsets
// (wgrad_parts.h). It takes some blocks at a time: their columns of dy are packed once for all
// offsets; then, offset by offset, the entries become one list, and tiles of dW[k] stay in registers
// while a run of entries goes by. Rows of x are read where they lie; 16-bit rows are widened run by
// run. A panel's dW, K x in x 32 floats, and its dy stay in the second-level cache; the rows of x
// come again for each panel, once per in * 32 multiply-adds.
//
// A sum is at most one run long before it is added to the part's sum, and the parts are added in
// binary64: long sums keep their digits.

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
constexpr std::int64_t kBlocksAtOnce = 8;
constexpr std::int64_t kRowsAtOnce = kBlocksAtOnce * kBlockRows;

struct OutPanel {
  std::int64_t group = 0;
  std::int64_t first = 0, count = 0;  // output channels within the group
  KernelInfo<OuterArgs> kernel;
  std::int64_t begin = 0;  // padded columns before it

  // Entries whose dy and one line of x each, 24 KB, stay in the first-level cache while the tiles
  // of the panel run one after the other.
  [[nodiscard]] std::int64_t run() const { return 24576 / (4 * kernel.width + 64); }
};

// The widest kernels first; the last panel of a group takes the narrowest that holds what is left.
std::vector<OutPanel> outer_panels(std::int64_t groups, std::int64_t out, Isa isa) {
  std::vector<KernelInfo<OuterArgs>> kernels = kernels_of<OuterArgs>(isa, DType::f32);
  std::ranges::sort(kernels, {}, [](const auto& kernel) { return -kernel.width; });
  const std::int64_t narrowest = kernels.back().width;
  std::vector<OutPanel> panels;
  std::int64_t columns = 0;
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t first = 0; first < out; first += panels.back().kernel.width) {
      const std::int64_t left = (out - first + narrowest - 1) / narrowest * narrowest;
      const auto& kernel =
          *std::ranges::find_if(kernels, [&](const auto& k) { return k.width <= left; });
      panels.push_back(
          {g, first, std::min<std::int64_t>(kernel.width, out - first), kernel, columns});
      columns += kernel.width;
    }
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
        out_(out_channels_ / problem.groups),
        panels_(outer_panels(problem.groups, out_, current())),
        size_(sum_floats()),
        parts_(problem.map, static_cast<std::int64_t>(panels_.size()), size_,
               problem.x->size() + problem.dy->size()),
        widen_(kernel_of<WidenArgs>(current(), problem.x->dtype())),
        widens_x_(problem.x->dtype() != DType::f32) {
    own_rows_.resize(kRowsAtOnce + OuterArgs::kAhead);
    std::iota(own_rows_.begin(), own_rows_.end(), 0);
    const std::int64_t bytes = checked_product("convolution", {parts_.parts, size_, sizeof(float)});
    sums_ = std::reinterpret_pointer_cast<float>(allocate_bytes(static_cast<std::size_t>(bytes)));
  }

  void run() const {
    parallel_for(parts_.tasks(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t chunk = task / parts_.passes;
        run_task(panels_[static_cast<std::size_t>(task % parts_.passes)], chunk / parts_.ranges,
                 chunk % parts_.ranges);
      }
    });
    parallel_for(p_.map.volume * parts_.passes, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = begin; s < end; ++s) {
        add_up(panels_[static_cast<std::size_t>(s % parts_.passes)], s / parts_.passes);
      }
    });
  }

 private:
  // One task's working memory, for the blocks at hand.
  struct Work {
    float* dy;                                // the panel's columns: rows of its width
    float* x;                                 // widened rows of one run
    std::vector<std::int32_t> out_row;        // rows of dy, block by block
    std::vector<std::int32_t> x_row, dy_row;  // one offset's entries; dy_row counts from `dy`
  };

  [[nodiscard]] std::int64_t sum_floats() const {
    const std::int64_t columns =
        panels_.empty() ? 0 : panels_.back().begin + panels_.back().kernel.width;
    return checked_product("convolution", {p_.map.volume, in_, columns});
  }
  // The sums of one part, panel and offset: rows of the panel's width.
  [[nodiscard]] float* sums(std::int64_t part, const OutPanel& panel, std::int64_t k) const {
    return sums_.get() + part * size_ +
           in_ * (p_.map.volume * panel.begin + k * panel.kernel.width);
  }

  void run_task(const OutPanel& panel, std::int64_t part, std::int64_t range) const {
    const std::int64_t dy_floats = kRowsAtOnce * panel.kernel.width;
    Work work{};
    work.dy = thread_scratch(dy_floats + (widens_x_ ? panel.run() * in_ : 0)).data();
    work.x = work.dy + dy_floats;
    for (auto* rows : {&work.out_row, &work.x_row, &work.dy_row}) {
      rows->resize(kRowsAtOnce + OuterArgs::kAhead);
    }
    const std::int64_t first_k = parts_.first_offset(range);
    const std::int64_t last_k = parts_.first_offset(range + 1);
    std::fill(sums(part, panel, first_k), sums(part, panel, last_k), 0.0F);
    const std::int64_t last_block = parts_.first_block(part + 1);
    for (std::int64_t b = parts_.first_block(part); b < last_block; b += kBlocksAtOnce) {
      const std::int64_t end = std::min(last_block, b + kBlocksAtOnce);
      pack_dy(work, panel, b, end);
      for (std::int64_t k = first_k; k < last_k; ++k) {
        const std::int64_t count = list_entries(work, p_.map, b, end, k);
        add_entries(work, panel, count, sums(part, panel, k));
      }
    }
  }

  void pack_dy(Work& work, const OutPanel& panel, std::int64_t first_block,
               std::int64_t last_block) const {
    std::int64_t rows = 0;
    for (std::int64_t b = first_block; b < last_block; ++b) {
      for (std::int64_t r = 0; r < p_.map.rows_in(b); ++r) {
        work.out_row[static_cast<std::size_t>(rows++)] = p_.map.out_row(b, r);
      }
    }
    // The padding's products are dropped, but what the memory held could be slow to multiply.
    if (panel.count < panel.kernel.width) {
      std::fill(work.dy, work.dy + rows * panel.kernel.width, 0.0F);
    }
    const auto bytes = static_cast<std::int64_t>(size_of(p_.dy->dtype()));
    widen_({.x = p_.dy->raw() + (panel.group * out_ + panel.first) * bytes,
            .x_stride = out_channels_,
            .row = work.out_row.data(),
            .count = rows,
            .depth = panel.count,
            .out = work.dy,
            .out_stride = panel.kernel.width});
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
    std::fill_n(x_row + count, OuterArgs::kAhead, 0);
    return count;
  }

  // In runs as equal as possible: a short one would load and store the sums for little.
  void add_entries(const Work& work, const OutPanel& panel, std::int64_t count, float* to) const {
    const std::int64_t runs = (count + panel.run() - 1) / panel.run();
    OuterArgs args{};
    args.b = work.dy;
    args.depth = in_;
    args.c = to;
    std::int64_t first = 0;
    for (std::int64_t r = 0; r < runs; ++r) {
      args.count = (count - first) / (runs - r);
      args.b_row = work.dy_row.data() + first;
      set_x(args, work, panel.group, first);
      panel.kernel.run(args);
      first += args.count;
    }
  }

  void set_x(OuterArgs& args, const Work& work, std::int64_t group, std::int64_t first) const {
    const std::int64_t column = group * in_;
    if (!widens_x_) {
      args.a = p_.x->data<float>() + column;
      args.a_stride = in_channels_;
      args.a_row = work.x_row.data() + first;
      return;
    }
    constexpr std::int64_t kHalfBytes = 2;
    widen_({.x = p_.x->raw() + column * kHalfBytes,
            .x_stride = in_channels_,
            .row = work.x_row.data() + first,
            .count = args.count,
            .depth = in_,
            .out = work.x,
            .out_stride = in_});
    args.a = work.x;
    args.a_stride = in_;
    args.a_row = own_rows_.data();
  }

  // The parts' sums of offset k, in order, without the padding.
  void add_up(const OutPanel& panel, std::int64_t k) const {
    const std::int64_t width = panel.kernel.width;
    float* dw = p_.dw->mutable_data<float>() + (k * p_.groups + panel.group) * in_ * out_;
    std::vector<double> totals;
    for (std::int64_t i = 0; i < in_; ++i) {
      totals.assign(static_cast<std::size_t>(panel.count), 0.0);
      for (std::int64_t part = 0; part < parts_.parts; ++part) {
        const float* from = sums(part, panel, k) + i * width;
        for (std::size_t o = 0; o < totals.size(); ++o) totals[o] += static_cast<double>(from[o]);
      }
      std::ranges::transform(totals, dw + i * out_ + panel.first,
                             [](double total) { return static_cast<float>(total); });
    }
  }

  const ConvWeightGradient& p_;
  std::int64_t in_channels_, out_channels_;
  std::int64_t in_, out_;  // per group
  std::vector<OutPanel> panels_;
  std::int64_t size_;  // floats of one part's sums
  WeightGradientParts parts_;
  Kernel<WidenArgs> widen_;
  bool widens_x_;
  std::vector<std::int32_t> own_rows_;  // 0, 1, 2, ...: the row numbers of widened rows
  std::shared_ptr<float> sums_;         // [part][panel][offset][input channel][column]
};

}  // namespace

void outer_weight_gradient(const ConvWeightGradient& problem) { OuterProducts(problem).run(); }

}  // namespace voxloom::cpu
