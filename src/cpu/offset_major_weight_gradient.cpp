// Weight gradient: each task owns the sums of some kernel offsets over one chunk of output blocks.
//
// Entries of a few blocks are listed together, so that a register tile of dW[k] is loaded and stored
// once per some hundred entries. The chunks, and the order in which their partial sums are added,
// depend on the map and the shape alone: no thread count changes a bit.

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/checked.h"
#include "core/parallel.h"
#include "cpu/convolution.h"
#include "cpu/kernel_table.h"
#include "cpu/scratch.h"
#include "voxloom/memory.h"

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kBlockRows = BlockedEntries::kBlockRows;

std::int64_t round_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }
std::int64_t divide_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit; }

// The kernel that pads `out` least; among those the widest.
KernelInfo<WgradArgs> pick_kernel(std::int64_t out) {
  const std::vector<KernelInfo<WgradArgs>> kernels = kernels_of<WgradArgs>(current(), DType::f32);
  const auto cost = [&](const KernelInfo<WgradArgs>& k) {
    return std::pair(round_up(out, k.width), -k.width);
  };
  return *std::ranges::min_element(kernels, {}, cost);
}

// How the work is cut; see the rules in the constructor.
struct Cut {
  std::int64_t blocks_per_list;    // blocks whose entries are listed together
  std::int64_t lists_per_chunk;
  std::int64_t chunks;
  std::int64_t offsets_per_task;
  std::int64_t offset_tasks;

  Cut(const MapBlocks& map, std::int64_t weight_bytes) {
    const std::int64_t blocks = std::max<std::int64_t>(1, map.block_count());
    const std::int64_t volume = std::max<std::int64_t>(1, map.volume);
    const std::int64_t entries = map.entries->begin.back();
    // About 256 entries a list: a tile then runs some thousand cycles between load and store.
    const std::int64_t per_slice = std::max<std::int64_t>(1, entries / (blocks * volume));
    blocks_per_list = std::clamp<std::int64_t>(256 / per_slice, 1, 16);
    // A chunk costs a pass over dW, as much as 16 entries per offset: at least 512 of them, and no
    // more than 32 MiB of partial sums.
    constexpr std::int64_t kMostBytes = std::int64_t{32} << 20;
    const std::int64_t most = std::min<std::int64_t>(
        {16, entries / (512 * volume), kMostBytes / std::max<std::int64_t>(1, weight_bytes)});
    const std::int64_t lists = divide_up(blocks, blocks_per_list);
    lists_per_chunk = divide_up(lists, std::clamp<std::int64_t>(most, 1, lists));
    chunks = divide_up(lists, lists_per_chunk);
    // About 64 tasks; neighbouring offsets read the same rows and stay together.
    offsets_per_task = std::clamp<std::int64_t>(volume * chunks / 64, 1, volume);
    offset_tasks = divide_up(volume, offsets_per_task);
  }
};

class WeightGradient {
 public:
  explicit WeightGradient(const ConvWeightGradient& problem)
      : p_(problem),
        volume_(problem.map.volume),
        in_(problem.x->dim(1) / problem.groups),
        out_(problem.dy->dim(1) / problem.groups),
        kernel_(pick_kernel(out_)),
        padded_(round_up(out_, kernel_.width)),
        widen_(kernel_of<WidenArgs>(current(), problem.x->dtype())),
        packs_(problem.x->dtype() != DType::f32 || padded_ != out_),
        offset_size_(problem.groups * in_ * padded_),
        cut_(problem.map, volume_ * offset_size_ * 4) {
    const std::int64_t floats =
        checked_product("convolution", {cut_.chunks, volume_, offset_size_});
    partial_ = std::reinterpret_pointer_cast<float>(
        allocate_bytes(static_cast<std::size_t>(std::max<std::int64_t>(1, floats)) * 4));
    own_rows_.resize(kPackRows);
    std::iota(own_rows_.begin(), own_rows_.end(), 0);
  }

  void run() const {
    parallel_for(cut_.chunks * cut_.offset_tasks, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t k = task % cut_.offset_tasks * cut_.offsets_per_task;
        run_task(task / cut_.offset_tasks, k, std::min(volume_, k + cut_.offsets_per_task));
      }
    });
    parallel_for(volume_ * p_.groups * in_, 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) add_partials(row);
    });
  }

 private:
  static constexpr std::int64_t kPackRows = 128;

  // Entries of one offset: rows of x and of dy.
  struct List {
    std::vector<std::int32_t> x, dy;
  };

  float* partial(std::int64_t chunk, std::int64_t k) const {
    return partial_.get() + (chunk * volume_ + k) * offset_size_;
  }

  void run_task(std::int64_t chunk, std::int64_t first_k, std::int64_t last_k) const {
    std::fill(partial(chunk, first_k), partial(chunk, last_k), 0.0F);
    const std::int64_t first = chunk * cut_.lists_per_chunk * cut_.blocks_per_list;
    const std::int64_t last = std::min(
        p_.map.block_count(), first + cut_.lists_per_chunk * cut_.blocks_per_list);
    List list;
    for (std::int64_t block = first; block < last; block += cut_.blocks_per_list) {
      for (std::int64_t k = first_k; k < last_k; ++k) {
        fill(list, k, block, std::min(last, block + cut_.blocks_per_list));
        if (list.x.empty()) continue;
        packs_ ? add_packed(list, partial(chunk, k)) : add_in_place(list, partial(chunk, k));
      }
    }
  }

  void fill(List& list, std::int64_t k, std::int64_t first, std::int64_t last) const {
    list.x.clear();
    list.dy.clear();
    for (std::int64_t block = first; block < last; ++block) {
      const BlockSlice slice = p_.map.slice(block, k);
      list.x.insert(list.x.end(), slice.in_row, slice.in_row + slice.count);
      for (std::int64_t e = 0; e < slice.count; ++e) {
        list.dy.push_back(p_.map.out_row(block, slice.out_local[e]));
      }
    }
  }

  // dW of one offset, group by group, panel by panel, over operands at x and dy.
  void add(WgradArgs args, const float* dy, float* dw) const {
    for (std::int64_t o = 0; o < padded_; o += kernel_.width) {
      args.dy = dy + o;
      args.dw = dw + o * in_;
      kernel_.run(args);
    }
  }

  void add_in_place(const List& list, float* dw) const {
    for (std::int64_t g = 0; g < p_.groups; ++g) {
      add({.x = p_.x->data<float>() + g * in_,
           .x_stride = p_.groups * in_,
           .x_row = list.x.data(),
           .dy = nullptr,
           .dy_stride = p_.groups * out_,
           .dy_row = list.dy.data(),
           .count = static_cast<std::int64_t>(list.x.size()),
           .depth = in_,
           .dw = nullptr},
          p_.dy->data<float>() + g * out_, dw + g * in_ * padded_);
    }
  }

  // 16-bit operands, and panels that reach beyond a row's end, go through the scratch.
  void add_packed(const List& list, float* dw) const {
    float* x = thread_scratch(kPackRows * (in_ + padded_)).data();
    float* dy = x + kPackRows * in_;
    std::fill(dy, dy + kPackRows * padded_, 0.0F);  // the padding, above all
    const auto total = static_cast<std::int64_t>(list.x.size());
    for (std::int64_t g = 0; g < p_.groups; ++g) {
      for (std::int64_t e = 0; e < total; e += kPackRows) {
        const std::int64_t count = std::min(kPackRows, total - e);
        pack(*p_.x, g * in_, in_, {list.x.data() + e, count}, x, in_);
        pack(*p_.dy, g * out_, out_, {list.dy.data() + e, count}, dy, padded_);
        add({.x = x, .x_stride = in_, .x_row = own_rows_.data(), .dy = nullptr,
             .dy_stride = padded_, .dy_row = own_rows_.data(), .count = count, .depth = in_,
             .dw = nullptr},
            dy, dw + g * in_ * padded_);
      }
    }
  }

  struct Rows {
    const std::int32_t* row;
    std::int64_t count;
  };

  void pack(const Tensor& from, std::int64_t column, std::int64_t columns, Rows rows, float* to,
            std::int64_t stride) const {
    widen_({.x = from.raw() + column * static_cast<std::int64_t>(size_of(from.dtype())),
            .x_stride = from.dim(1),
            .row = rows.row,
            .count = rows.count,
            .depth = columns,
            .out = to,
            .out_stride = stride});
  }

  // Row `row` of dW as (K, G, in), out of the panels of each chunk.
  void add_partials(std::int64_t row) const {
    const std::int64_t i = row % in_;
    const std::int64_t at = row / in_ * in_ * padded_;
    float* dw = p_.dw->mutable_data<float>() + row * out_;
    std::fill(dw, dw + out_, 0.0F);
    for (std::int64_t chunk = 0; chunk < cut_.chunks; ++chunk) {
      const float* part = partial(chunk, 0) + at;
      for (std::int64_t o = 0; o < out_; ++o) {
        const std::int64_t panel = o / kernel_.width * kernel_.width;
        dw[o] += part[panel * in_ + i * kernel_.width + o - panel];
      }
    }
  }

  const ConvWeightGradient& p_;
  std::int64_t volume_, in_, out_;
  KernelInfo<WgradArgs> kernel_;
  std::int64_t padded_;  // output channels, up to whole panels
  Kernel<WidenArgs> widen_;
  bool packs_;
  std::int64_t offset_size_;  // floats of dW[k] with padding
  Cut cut_;
  std::shared_ptr<float> partial_;  // [chunk][k][g][panel][i][o in panel]
  std::vector<std::int32_t> own_rows_;
};

}  // namespace

void offset_major_weight_gradient(const ConvWeightGradient& problem) {
  WeightGradient(problem).run();
}

}  // namespace voxloom::cpu
