// Depthwise forward product: one input channel per group, any number of output channels each.
//
// A task owns a block of output rows. For a panel of channels it keeps the block's sums in scratch,
// 256 rows x 16 or 32 channels, in the first-level cache, runs all offsets over them, and stores them
// once through the epilogue. Rows of x are read where they lie; neighbouring offsets meet them again
// in cache. There is nothing to gain from fewer operations: the features and the map must move.

#include <algorithm>
#include <vector>

#include "core/dispatch.h"
#include "core/parallel.h"
#include "cpu/convolution.h"
#include "cpu/kernel_table.h"
#include "cpu/scratch.h"

namespace voxloom::cpu {
namespace {

constexpr std::int64_t kBlockRows = BlockedEntries::kBlockRows;

// The widest kernel that the channels fill, or the narrowest.
KernelInfo<DepthwiseArgs> depthwise_kernel(std::int64_t channels, DType dtype) {
  const auto kernels = kernels_of<DepthwiseArgs>(current(), dtype);
  KernelInfo<DepthwiseArgs> best = kernels.front();
  for (const KernelInfo<DepthwiseArgs>& kernel : kernels) {
    const bool fits = kernel.width <= channels;
    const bool best_fits = best.width <= channels;
    if (fits == best_fits ? (fits ? kernel.width > best.width : kernel.width < best.width) : fits) {
      best = kernel;
    }
  }
  return best;
}

class Depthwise {
 public:
  explicit Depthwise(const ConvForward& problem)
      : p_(problem),
        channels_(problem.weight.groups),
        planes_(problem.weight.out),
        kernel_(depthwise_kernel(channels_, problem.x->dtype())),
        panel_count_((channels_ + kernel_.width - 1) / kernel_.width),
        store_(kernel_of<StoreArgs>(current(), problem.y->dtype())) {
    if (problem.bias != nullptr) bias_ = problem.bias->to(DType::f32);
    pack_weights();
  }

  void run() const {
    parallel_for(p_.map.block_count(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t block = begin; block < end; ++block) {
        for (std::int64_t panel = 0; panel < panel_count_; ++panel) run_panel(block, panel);
      }
    });
  }

 private:
  [[nodiscard]] std::int64_t row_floats() const { return planes_ * kernel_.width; }
  [[nodiscard]] const float* weights(std::int64_t panel, std::int64_t k) const {
    return weights_.data() + (panel * p_.weight.volume + k) * row_floats();
  }

  // [panel][k][plane][channel in panel], zeros beyond the last channel.
  void pack_weights() {
    const WeightView& w = p_.weight;
    weights_.assign(static_cast<std::size_t>(panel_count_ * w.volume * row_floats()), 0.0F);
    visit_feature_dtype("convolution", w.dtype, [&]<typename T>() {
      const T* from = reinterpret_cast<const T*>(w.data);
      for (std::int64_t k = 0; k < w.volume; ++k) {
        for (std::int64_t c = 0; c < channels_; ++c) {
          const std::int64_t panel = c / kernel_.width, lane = c % kernel_.width;
          for (std::int64_t p = 0; p < planes_; ++p) {
            const std::int64_t to =
                (panel * w.volume + k) * row_floats() + p * kernel_.width + lane;
            weights_[static_cast<std::size_t>(to)] = static_cast<float>(from[w.at(k, c, 0, p)]);
          }
        }
      }
    });
  }

  void run_panel(std::int64_t block, std::int64_t panel) const {
    const std::int64_t rows = p_.map.rows_in(block);
    const std::int64_t first = panel * kernel_.width;
    const std::int64_t floats = kBlockRows * row_floats();
    float* sums = thread_scratch(planes_ == 1 ? floats : 2 * floats).data();
    std::fill(sums, sums + rows * row_floats(), 0.0F);
    DepthwiseArgs args{};
    args.x = p_.x->raw() + first * static_cast<std::int64_t>(size_of(p_.x->dtype()));
    args.x_stride = channels_;
    args.channels = std::min<std::int64_t>(kernel_.width, channels_ - first);
    args.planes = planes_;
    args.c = sums;
    const std::int64_t volume = p_.weight.volume;
    StoreArgs store = output(block, first, args.channels);
    for (std::int64_t k = 0; k < volume; ++k) {
      prefetch(store, rows * k / volume, rows * (k + 1) / volume);
      prefetch_next(block, first, k);
      const BlockSlice slice = p_.map.slice(block, k);
      args.x_row = slice.in_row;
      args.c_row = slice.out_local;
      args.count = slice.count;
      args.w = weights(panel, k);
      kernel_.run(args);
    }
    store.c = sums;
    store.c_stride = row_floats();
    if (planes_ > 1) {
      interleave(sums, rows, sums + floats);
      store.c = sums + floats;
    }
    store_(store);
  }

  // The lines of `bytes` bytes, to be read or written soon.
  template <int kWrite>
  static void prefetch_lines(const std::byte* at, std::int64_t bytes) {
    constexpr std::int64_t kLine = 64;
    for (std::int64_t i = 0; i < bytes; i += kLine) __builtin_prefetch(at + i, kWrite);
  }

  // Rows of y that are stored when the sums are ready: a few for each offset.
  void prefetch(const StoreArgs& store, std::int64_t begin, std::int64_t end) const {
    const auto bytes = static_cast<std::int64_t>(size_of(p_.y->dtype()));
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t row = store.y_row == nullptr ? r : store.y_row[r];
      prefetch_lines<1>(static_cast<const std::byte*>(store.y) + row * store.y_stride * bytes,
                        store.width * bytes);
    }
  }

  // Rows of x that the next block wants, a few for each offset. The middle offset of a submanifold
  // map has each row of the block; the others have hardly any that it has not.
  void prefetch_next(std::int64_t block, std::int64_t channel, std::int64_t k) const {
    if (block + 1 == p_.map.block_count()) return;
    const std::int64_t volume = p_.weight.volume;
    const auto bytes = static_cast<std::int64_t>(size_of(p_.x->dtype()));
    const std::int64_t wanted = std::min<std::int64_t>(kernel_.width, channels_ - channel) * bytes;
    const std::byte* x = p_.x->raw() + channel * bytes;
    const BlockSlice slice = p_.map.slice(block + 1, volume / 2);
    const std::int64_t end = slice.count * (k + 1) / volume;
    for (std::int64_t e = slice.count * k / volume; e < end; ++e) {
      prefetch_lines<0>(x + slice.in_row[e] * channels_ * bytes, wanted);
    }
  }

  // [plane][channel] to [channel][plane], the order of y, row by row.
  void interleave(const float* from, std::int64_t rows, float* to) const {
    for (std::int64_t r = 0; r < rows; ++r, from += row_floats(), to += row_floats()) {
      for (std::int64_t p = 0; p < planes_; ++p) {
        for (std::int64_t c = 0; c < kernel_.width; ++c) {
          to[c * planes_ + p] = from[p * kernel_.width + c];
        }
      }
    }
  }

  // Where the block's sums of some channels go; c is left out.
  [[nodiscard]] StoreArgs output(std::int64_t block, std::int64_t channel,
                                 std::int64_t channels) const {
    const Epilogue& e = p_.epilogue;
    const std::int64_t out_channels = channels_ * planes_;
    const std::int64_t column = channel * planes_;
    const std::int64_t first_row = block * kBlockRows;
    StoreArgs store{};
    store.rows = p_.map.rows_in(block);
    store.width = channels * planes_;
    store.y_stride = out_channels;
    std::int64_t at = column;
    if (p_.map.out_row_of_rank.empty()) {
      at += first_row * out_channels;
    } else {
      store.y_row = p_.map.out_row_of_rank.data() + first_row;
    }
    at *= static_cast<std::int64_t>(size_of(p_.y->dtype()));
    store.y = p_.y->mutable_raw() + at;
    if (e.residual != nullptr) store.residual = e.residual->raw() + at;
    if (bias_.defined()) store.bias = bias_.data<float>() + column;
    if (e.scale != nullptr) store.scale = e.scale + column;
    if (e.shift != nullptr) store.shift = e.shift + column;
    store.rectifier = e.rectifier;
    store.slope = e.slope;
    return store;
  }

  const ConvForward& p_;
  std::int64_t channels_, planes_;
  KernelInfo<DepthwiseArgs> kernel_;
  std::int64_t panel_count_;
  Kernel<StoreArgs> store_;
  Tensor bias_;
  std::vector<float> weights_;
};

}  // namespace

bool is_depthwise(const ConvForward& problem) {
  return problem.weight.groups > 1 && problem.weight.in == 1;
}

void depthwise_forward(const ConvForward& problem) { Depthwise(problem).run(); }

}  // namespace voxloom::cpu
