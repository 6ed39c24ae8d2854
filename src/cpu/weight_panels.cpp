#include "cpu/weight_panels.h"

#include <algorithm>
#include <limits>

#include "core/checked.h"
#include "core/dispatch.h"
#include "core/parallel.h"
#include "voxloom/memory.h"

namespace voxloom::cpu {
namespace {

template <typename T>
void pack(const WeightView& w, const Panel& panel, std::int64_t g, std::int64_t k, float* to) {
  const T* from = reinterpret_cast<const T*>(w.data) + w.at(k, g, 0, panel.first);
  const std::int64_t width = panel.kernel.width;
  if (panel.count < width) std::fill(to, to + w.in * width, 0.0F);
  if (w.stride_o == 1) {
    for (std::int64_t i = 0; i < w.in; ++i) {
      for (std::int64_t o = 0; o < panel.count; ++o) {
        to[i * width + o] = static_cast<float>(from[i * w.stride_i + o]);
      }
    }
    return;
  }
  // Input channels run inside: in the other layouts they are the ones that lie together.
  for (std::int64_t o = 0; o < panel.count; ++o) {
    for (std::int64_t i = 0; i < w.in; ++i) {
      to[i * width + o] = static_cast<float>(from[i * w.stride_i + o * w.stride_o]);
    }
  }
}

}  // namespace

std::vector<Panel> split_into_panels(std::int64_t out, Isa isa) {
  const std::vector<KernelInfo<GemmArgs>> kernels = kernels_of<GemmArgs>(isa, DType::f32);
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
  for (const Panel& panel : panels) {
    panel_begin_.push_back(group_stride_);
    panel_size_.push_back(weight.in * panel.kernel.width);
    group_stride_ += weight.volume * panel_size_.back();
  }
  const std::int64_t bytes =
      checked_product("convolution", {weight.groups, group_stride_, sizeof(float)});
  data_ = std::reinterpret_pointer_cast<float>(
      allocate_bytes(static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1))));
  const auto panel_count = static_cast<std::int64_t>(panels.size());
  const std::int64_t slices = weight.groups * panel_count * weight.volume;
  // About 16 k elements a task.
  const std::int64_t grain =
      std::max<std::int64_t>(1, 16384 * slices / std::max<std::int64_t>(1, bytes / 4));
  visit_feature_dtype("convolution", weight.dtype, [&]<typename T>() {
    parallel_for(slices, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t slice = begin; slice < end; ++slice) {
        const std::int64_t k = slice % weight.volume;
        const std::int64_t p = slice / weight.volume % panel_count;
        const std::int64_t g = slice / weight.volume / panel_count;
        const Panel& panel = panels[static_cast<std::size_t>(p)];
        pack<T>(weight, panel, g, k,
                data_.get() + g * group_stride_ + panel_begin_[static_cast<std::size_t>(p)] +
                    k * panel_size_[static_cast<std::size_t>(p)]);
      }
    });
  });
}

}  // namespace voxloom::cpu
