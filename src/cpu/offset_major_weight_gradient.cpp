// Weight gradient: each task owns the sums of some kernel offsets over one chunk of output blocks.
//
// Entries of a few blocks are listed together, so that a register tile of dW[k] is loaded and stored
// once per some hundred entries. With few channels the tiles read the rows of x and dy where they lie;
// with many, or with 16-bit features, some entries at a time are gathered into panels, for all tiles.
// The chunks, and the order in which their partial sums are added, depend on the map and the shape
// alone: no thread count changes a bit.

#include <algorithm>
#include <vector>

#include "core/checked.h"
#include "core/parallel.h"
#include "cpu/blocking.h"
#include "cpu/convolution.h"
#include "cpu/kernel_table.h"
#include "cpu/prefetch.h"
#include "cpu/scratch.h"
#include "voxloom/memory.h"

namespace voxloom::cpu {
namespace {

// Entries gathered at a time: a panel of x and one of dy, 15 KiB together, stay in the first-level
// cache while every dW tile of them is computed. Measured: 64 to 192 are 3 to 8 % slower.
constexpr std::int64_t kPanelRows = 96;

// Read in place, the rows of so many entries, 24 KiB, stay in the first-level cache; but tiles run
// over at least 48 entries. Rows of more channels than these are too much for it, and gathering them is
// cheap against their arithmetic.
constexpr std::int64_t kInPlaceFloats = 6144;
constexpr std::int64_t kLeastPiece = 48;
constexpr std::int64_t kMostInPlace = 256;

// The kernel that pads `out` least; among those the widest.
KernelInfo<WgradArgs> pick_kernel(std::int64_t out) {
  const auto kernels = kernels_of<WgradArgs>(current(), DType::f32);
  const auto cost = [&](const KernelInfo<WgradArgs>& k) {
    return std::pair(round_up(out, k.width), -k.width);
  };
  return *std::ranges::min_element(kernels, {}, cost);
}

Kernel<PanelArgs> panel_kernel(DType dtype, std::int64_t width) {
  const auto kernels = kernels_of<PanelArgs>(current(), dtype);
  return std::ranges::find(kernels, width, &KernelInfo<PanelArgs>::width)->run;
}

class WeightGradient {
 public:
  explicit WeightGradient(const ConvWeightGradient& problem)
      : p_(problem),
        volume_(problem.map.volume),
        in_(problem.x->dim(1) / problem.groups),
        out_(problem.dy->dim(1) / problem.groups),
        kernel_(pick_kernel(out_)),
        padded_(round_up(out_, kernel_.width)),
        // Kernels of the kinds that go row by row are as wide as a vector.
        x_columns_(panel_columns(kernel_.rows,
                                 kernels_of<StoreArgs>(current(), DType::f32).front().width)),
        x_panel_(panel_kernel(problem.x->dtype(), x_columns_)),
        dy_panel_(panel_kernel(problem.x->dtype(), kernel_.width)),
        in_place_(problem.x->dtype() == DType::f32 && out_ == padded_ &&
                  in_ + out_ <= kMostInPlace),
        offset_size_(problem.groups * in_ * padded_),
        blocking_(problem, offset_size_),
        prefetch_(problem.map, *problem.x, *problem.dy, Prefetch::Outputs::read) {
    const std::int64_t floats =
        checked_product("convolution", {blocking_.chunks, volume_, offset_size_});
    partial_ = std::reinterpret_pointer_cast<float>(
        allocate_bytes(static_cast<std::size_t>(std::max<std::int64_t>(1, floats)) * 4));
  }

  void run() const {
    parallel_for(
        blocking_.chunks * blocking_.offset_tasks, 1, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t task = begin; task < end; ++task) {
            const std::int64_t k = task % blocking_.offset_tasks * blocking_.offsets_per_task;
            run_task(task / blocking_.offset_tasks, k,
                     std::min(volume_, k + blocking_.offsets_per_task));
          }
        });
    parallel_for(volume_ * p_.groups * in_, 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) add_partials(row);
    });
  }

 private:
  // Entries of one offset: the numbers of their rows, or where the rows are.
  struct List {
    std::vector<std::int32_t> x_row, dy_row;
    std::vector<const float*> x, dy;
  };

  float* partial(std::int64_t chunk, std::int64_t k) const {
    return partial_.get() + (chunk * volume_ + k) * offset_size_;
  }

  void run_task(std::int64_t chunk, std::int64_t first_k, std::int64_t last_k) const {
    std::fill(partial(chunk, first_k), partial(chunk, last_k), 0.0F);
    const std::int64_t first = chunk * blocking_.lists_per_chunk * blocking_.blocks_per_list;
    const std::int64_t last = std::min(
        p_.map.block_count(), first + blocking_.lists_per_chunk * blocking_.blocks_per_list);
    List list;
    for (std::int64_t block = first; block < last; block += blocking_.blocks_per_list) {
      const std::int64_t end = std::min(last, block + blocking_.blocks_per_list);
      const Prefetch::Walk::Blocks next{end, end + blocking_.blocks_per_list};
      Prefetch::Spread spread(prefetch_, next, next,
                              tiles_in(p_.map.entries_in(block, end), last_k - first_k));
      for (std::int64_t k = first_k; k < last_k; ++k) {
        // The chunk's first task fetches for all of them.
        Ahead* ahead = first_k == 0 ? spread.ahead() : nullptr;
        if (in_place_) {
          add_in_place(list, k, {block, end}, {partial(chunk, k), ahead});
        } else {
          add_panels(list, k, {block, end}, {partial(chunk, k), ahead});
        }
      }
    }
  }

  // Register tiles that `offsets` of the kernel offsets take over blocks with so many entries.
  [[nodiscard]] std::int64_t tiles_in(std::int64_t entries, std::int64_t offsets) const {
    const std::int64_t a_piece = in_place_ ? most_in_place() : kPanelRows;
    const std::int64_t pieces = std::max(entries / a_piece / volume_, std::int64_t{1});
    return p_.groups * pieces * offsets * ceil_div(in_, kernel_.rows) * (padded_ / kernel_.width);
  }

  // Entries whose rows, read in place, stay in the first-level cache.
  [[nodiscard]] std::int64_t most_in_place() const {
    return std::max(kLeastPiece, kInPlaceFloats / std::max<std::int64_t>(1, in_ + out_));
  }

  struct Sums {
    float* dw;
    Ahead* ahead;  // what to ask for meanwhile
  };

  void add_in_place(List& list, std::int64_t k, Prefetch::Walk::Blocks blocks,
                    const Sums& sums) const {
    list_pointers(list, k, blocks);
    const auto total = static_cast<std::int64_t>(list.x.size());
    // As equal as possible: a short piece would load and store the sums for little.
    const std::int64_t pieces = ceil_div(total, most_in_place());
    for (std::int64_t p = 0; p < pieces; ++p) {
      const std::int64_t e = total * p / pieces;
      WgradArgs args{.x = list.x.data() + e,
                     .x_columns = in_,
                     .dy = list.dy.data() + e,
                     .count = total * (p + 1) / pieces - e,
                     .depth = in_,
                     .dw = nullptr,
                     .ahead = sums.ahead};
      for (std::int64_t g = 0; g < p_.groups; ++g) {
        args.x_at = g * in_;
        for (std::int64_t o = 0; o < out_; o += kernel_.width) {
          args.dy_at = g * out_ + o;
          args.dw = sums.dw + (g * padded_ + o) * in_;
          kernel_.run(args);
        }
      }
    }
  }

  void list_pointers(List& list, std::int64_t k, Prefetch::Walk::Blocks blocks) const {
    const float* x = p_.x->data<float>();
    const float* dy = p_.dy->data<float>();
    const std::int64_t x_stride = p_.x->dim(1), dy_stride = p_.dy->dim(1);
    list.x.clear();
    list.dy.clear();
    for (std::int64_t block = blocks.first; block < blocks.last; ++block) {
      const BlockSlice slice = p_.map.slice(block, k);
      const std::size_t at = list.x.size();
      list.x.resize(at + static_cast<std::size_t>(slice.count));
      list.dy.resize(at + static_cast<std::size_t>(slice.count));
      const float** to_x = list.x.data() + at;
      const float** to_dy = list.dy.data() + at;
      for (std::int64_t e = 0; e < slice.count; ++e) {
        to_x[e] = x + slice.in_row[e] * x_stride;
        to_dy[e] = dy + p_.map.out_row(block, slice.out_local[e]) * dy_stride;
      }
    }
  }

  // Some entries at a time, gathered into the scratch.
  void add_panels(List& list, std::int64_t k, Prefetch::Walk::Blocks blocks,
                  const Sums& sums) const {
    list_rows(list, k, blocks);
    const std::int64_t x_stride = kPanelRows * x_columns_;
    const std::int64_t dy_stride = kPanelRows * kernel_.width;
    const std::int64_t x_floats = ceil_div(in_, x_columns_) * x_stride;
    float* x = thread_scratch(x_floats + padded_ / kernel_.width * dy_stride).data();
    float* dy = x + x_floats;
    point_to_panels(list, x, dy);
    const auto total = static_cast<std::int64_t>(list.x_row.size());
    for (std::int64_t g = 0; g < p_.groups; ++g) {
      for (std::int64_t e = 0; e < total; e += kPanelRows) {
        const std::int64_t count = std::min(kPanelRows, total - e);
        x_panel_({.x = column(*p_.x, g * in_),
                  .x_stride = p_.groups * in_,
                  .row = list.x_row.data() + e,
                  .count = count,
                  .depth = in_,
                  .out = x,
                  .out_stride = x_stride});
        dy_panel_({.x = column(*p_.dy, g * out_),
                   .x_stride = p_.groups * out_,
                   .row = list.dy_row.data() + e,
                   .count = count,
                   .depth = out_,
                   .out = dy,
                   .out_stride = dy_stride});
        for (std::int64_t p = 0; p * kernel_.width < out_; ++p) {
          kernel_.run({.x = list.x.data(),
                       .x_columns = x_columns_,
                       .x_stride = x_stride,
                       .dy = list.dy.data(),
                       .dy_at = p * dy_stride,
                       .count = count,
                       .depth = in_,
                       .dw = sums.dw + (g * padded_ + p * kernel_.width) * in_,
                       .ahead = sums.ahead});
        }
      }
    }
  }

  void list_rows(List& list, std::int64_t k, Prefetch::Walk::Blocks blocks) const {
    list.x_row.clear();
    list.dy_row.clear();
    for (std::int64_t block = blocks.first; block < blocks.last; ++block) {
      const BlockSlice slice = p_.map.slice(block, k);
      list.x_row.insert(list.x_row.end(), slice.in_row, slice.in_row + slice.count);
      const std::size_t at = list.dy_row.size();
      list.dy_row.resize(at + static_cast<std::size_t>(slice.count));
      std::int32_t* dy = list.dy_row.data() + at;
      for (std::int64_t e = 0; e < slice.count; ++e) {
        dy[e] = p_.map.out_row(block, slice.out_local[e]);
      }
    }
  }

  void point_to_panels(List& list, const float* x, const float* dy) const {
    list.x.resize(kPanelRows);
    list.dy.resize(kPanelRows);
    for (std::size_t i = 0; i < kPanelRows; ++i, x += x_columns_, dy += kernel_.width) {
      list.x[i] = x;
      list.dy[i] = dy;
    }
  }

  static const std::byte* column(const Tensor& t, std::int64_t i) {
    return t.raw() + i * static_cast<std::int64_t>(size_of(t.dtype()));
  }

  // Row `row` of dW as (K, G, in), out of the panels of each chunk.
  void add_partials(std::int64_t row) const {
    const std::int64_t i = row % in_;
    const std::int64_t at = row / in_ * in_ * padded_;
    float* dw = p_.dw->mutable_data<float>() + row * out_;
    std::fill(dw, dw + out_, 0.0F);
    for (std::int64_t first = 0; first < out_; first += kernel_.width) {
      const std::int64_t count = std::min<std::int64_t>(kernel_.width, out_ - first);
      for (std::int64_t chunk = 0; chunk < blocking_.chunks; ++chunk) {
        const float* part = partial(chunk, 0) + at + first * in_ + i * kernel_.width;
        for (std::int64_t o = 0; o < count; ++o) dw[first + o] += part[o];
      }
    }
  }

  const ConvWeightGradient& p_;
  std::int64_t volume_, in_, out_;
  KernelInfo<WgradArgs> kernel_;
  std::int64_t padded_;     // output channels, up to whole panels
  std::int64_t x_columns_;  // in a panel of x
  Kernel<PanelArgs> x_panel_, dy_panel_;
  bool in_place_;
  std::int64_t offset_size_;  // floats of dW[k] with padding
  WeightGradientBlocking blocking_;
  Prefetch prefetch_;
  std::shared_ptr<float> partial_;  // [chunk][k][g][panel][i][o in panel]
};

}  // namespace

void offset_major_weight_gradient(const ConvWeightGradient& problem) {
  WeightGradient(problem).run();
}

}  // namespace voxloom::cpu
