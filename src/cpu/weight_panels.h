// Weights laid out for the gemm kernels: panels of some output channels, float32.
//
//   data[g][panel][k][i][o in panel]     panel p holds panel_width(p) channels, the last one padded
//                                        with zeros
//
// For one panel the kernel walks its memory once from front to back, offset after offset.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cpu/kernel_table.h"
#include "cpu/weight_view.h"

namespace voxloom::cpu {

struct Panel {
  std::int64_t first = 0;  // output channel within the group
  std::int64_t count = 0;  // channels that exist, at most kernel.width
  KernelInfo<GemmArgs> kernel;
};

// Splits `out` channels over the widths for which there are kernels: the fewest multiply-adds, then
// the fewest panels.
[[nodiscard]] std::vector<Panel> split_into_panels(std::int64_t out, Isa isa);

class WeightPanels {
 public:
  // Packs in parallel.
  WeightPanels(const WeightView& weight, const std::vector<Panel>& panels);

  [[nodiscard]] const float* at(std::int64_t g, std::size_t panel, std::int64_t k) const {
    return data_.get() + g * group_stride_ + panel_begin_[panel] + k * panel_size_[panel];
  }

 private:
  std::vector<std::int64_t> panel_begin_;  // within a group
  std::vector<std::int64_t> panel_size_;   // of one kernel offset
  std::int64_t group_stride_ = 0;
  std::shared_ptr<float> data_;
};

}  // namespace voxloom::cpu
