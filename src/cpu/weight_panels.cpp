#include "cpu/weight_panels.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/checked.h"
#include "core/dispatch.h"
#include "core/parallel.h"
#include "voxloom/memory.h"

namespace voxloom::cpu {
namespace {

// Output channels lie together: rows of a panel are pieces of rows of W.
void copy_rows(const WeightView& w, const Panel& panel, std::int64_t at,
               const std::vector<std::int32_t>& own_rows, float* to) {
  const auto bytes = static_cast<std::int64_t>(size_of(w.dtype));
  kernel_of<WidenArgs>(panel.kernel.isa, w.dtype)({.x = w.data + at * bytes,
                                                   .x_stride = w.stride_i,
                                                   .row = own_rows.data(),
                                                   .count = w.in,
                                                   .depth = panel.count,
                                                   .out = to,
                                                   .out_stride = panel.kernel.width});
}

// Input channels run inside: in the other layouts they are the ones that lie together.
template <typename T>
void copy_columns(const WeightView& w, const Panel& panel, std::int64_t at, float* to) {
  const T* from = reinterpret_cast<const T*>(w.data) + at;
  for (std::int64_t o = 0; o < panel.count; ++o) {
    for (std::int64_t i = 0; i < w.in; ++i) {
      to[i * panel.kernel.width + o] = static_cast<float>(from[i * w.stride_i + o * w.stride_o]);
    }
  }
}

// One panel is the whole weight, as it lies in memory, every vector within a cache line.
bool lies_as_panel(const WeightView& w, const std::vector<Panel>& panels) {
  constexpr std::int64_t kLineFloats = 16;
  return panels.size() == 1 && w.dtype == DType::f32 && w.stride_o == 1 &&
         panels.front().count == panels.front().kernel.width &&
         w.stride_i == panels.front().kernel.width && w.stride_k % kLineFloats == 0 &&
         w.stride_g % kLineFloats == 0 && reinterpret_cast<std::uintptr_t>(w.data) % 64 == 0;
}

}  // namespace

std::vector<Kernel<DenseArgs>> dense_kernels(const std::vector<Panel>& panels, Isa isa, DType out) {
  const auto known = kernels_of<DenseArgs>(isa, out);
  std::vector<Kernel<DenseArgs>> kernels;
  for (const Panel& panel : panels) {
    kernels.push_back(
        std::ranges::find(known, panel.kernel.width, &KernelInfo<DenseArgs>::width)->run);
  }
  return kernels;
}

std::vector<Panel> split_into_panels(std::int64_t out, Isa isa) {
  const auto kernels = kernels_of<GemmArgs>(isa, DType::f32);
  // cost[n]: of n channels, one per padded channel and a little per panel. Far beyond the widest
  // panel the widest is right, so the table stays short.
  const std::int64_t widest =
      std::ranges::max_element(kernels, {}, &KernelInfo<GemmArgs>::width)->width;
  const std::int64_t peeled = std::max<std::int64_t>(0, out / widest - 3);
  const std::int64_t rest = out - peeled * widest;
  constexpr std::int64_t kPanelCost = 1;
  std::vector<std::int64_t> cost(static_cast<std::size_t>(rest) + 1, 0);
  std::vector<std::size_t> choice(cost.size(), 0);
  for (std::size_t n = 1; n < cost.size(); ++n) {
    cost[n] = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < kernels.size(); ++i) {
      const auto width = static_cast<std::size_t>(kernels[i].width);
      const std::int64_t total = kernels[i].width + kPanelCost + cost[n > width ? n - width : 0];
      if (total < cost[n]) {
        cost[n] = total;
        choice[n] = i;
      }
    }
  }
  std::vector<Panel> panels;
  std::int64_t first = 0;
  const auto add = [&](const KernelInfo<GemmArgs>& kernel) {
    panels.push_back({first, std::min<std::int64_t>(kernel.width, out - first), kernel});
    first += kernel.width;
  };
  const auto wide = *std::ranges::max_element(kernels, {}, &KernelInfo<GemmArgs>::width);
  for (std::int64_t i = 0; i < peeled; ++i) add(wide);
  std::vector<std::size_t> picked;
  for (std::int64_t n = rest; n > 0; n -= kernels[picked.back()].width) {
    picked.push_back(choice[static_cast<std::size_t>(n)]);
  }
  // Wide ones first: only the last panel may be padded, and the narrowest wastes least.
  std::ranges::sort(picked, {}, [&](std::size_t i) { return -kernels[i].width; });
  for (const std::size_t i : picked) add(kernels[i]);
  return panels;
}

WeightPanels::WeightPanels(const WeightView& weight, const std::vector<Panel>& panels) {
  if (lies_as_panel(weight, panels)) {
    begin_ = reinterpret_cast<const float*>(weight.data);
    panel_begin_ = {0};
    offset_stride_ = {weight.stride_k};
    group_stride_ = weight.stride_g;
    return;
  }
  for (const Panel& panel : panels) {
    panel_begin_.push_back(group_stride_);
    offset_stride_.push_back(weight.in * panel.kernel.width);
    group_stride_ += weight.volume * offset_stride_.back();
  }
  fill(weight, panels);
}

void WeightPanels::fill(const WeightView& weight, const std::vector<Panel>& panels) {
  const std::int64_t bytes =
      checked_product("convolution", {weight.groups, group_stride_, sizeof(float)});
  own_ = std::reinterpret_pointer_cast<float>(
      allocate_bytes(static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1))));
  begin_ = own_.get();
  std::vector<std::int32_t> own_rows(static_cast<std::size_t>(weight.in));
  std::iota(own_rows.begin(), own_rows.end(), 0);
  const auto panel_count = static_cast<std::int64_t>(panels.size());
  const std::int64_t slices = weight.groups * panel_count * weight.volume;
  // About 16 k elements a task.
  const std::int64_t grain =
      std::max<std::int64_t>(1, 16384 * slices / std::max<std::int64_t>(1, bytes / 4));
  parallel_for(slices, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t slice = begin; slice < end; ++slice) {
      const std::int64_t k = slice % weight.volume;
      const auto p = static_cast<std::size_t>(slice / weight.volume % panel_count);
      const std::int64_t g = slice / weight.volume / panel_count;
      const Panel& panel = panels[p];
      float* to = own_.get() + g * group_stride_ + panel_begin_[p] + k * offset_stride_[p];
      if (panel.count < panel.kernel.width) std::fill(to, to + offset_stride_[p], 0.0F);
      const std::int64_t at = weight.at(k, g, 0, panel.first);
      if (weight.stride_o == 1) {
        copy_rows(weight, panel, at, own_rows, to);
      } else {
        visit_feature_dtype("convolution", weight.dtype,
                            [&]<typename T>() { copy_columns<T>(weight, panel, at, to); });
      }
    }
  });
}

}  // namespace voxloom::cpu
