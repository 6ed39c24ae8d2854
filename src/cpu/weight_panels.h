// Weights laid out for the gemm kernels: panels of some output channels, float32.
//
//   data[g][panel][k][i][o in panel]     panel p holds panel_width(p) channels, the last one padded
//                                        with zeros
//
// For one panel the kernel walks its memory once from front to back, offset after offset. A weight that
// is laid out like this already (float32 (K, in, out), out a kernel's width) is read where it lies.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cpu/kernel_table.h"
#include "cpu/pointwise.h"

namespace voxloom::cpu {

struct Panel {
  std::int64_t first = 0;  // output channel within the group
  std::int64_t count = 0;  // channels that exist, at most kernel.width
  KernelInfo<GemmArgs> kernel;
};

// Splits `out` channels over the widths for which there are kernels: the fewest multiply-adds, then
// the fewest panels.
[[nodiscard]] std::vector<Panel> split_into_panels(std::int64_t out, Isa isa);

// The dense kernel of each panel's width: there is one for each width of the gemm kernels.
[[nodiscard]] std::vector<Kernel<DenseArgs>> dense_kernels(const std::vector<Panel>& panels,
                                                           Isa isa, DType out);

class WeightPanels {
 public:
  // Fills them in parallel. The weight must outlive the panels.
  WeightPanels(const WeightView& weight, const std::vector<Panel>& panels);

  [[nodiscard]] const float* at(std::int64_t g, std::size_t panel, std::int64_t k) const {
    return begin_ + g * group_stride_ + panel_begin_[panel] + k * offset_stride_[panel];
  }

 private:
  void fill(const WeightView& weight, const std::vector<Panel>& panels);

  std::vector<std::int64_t> panel_begin_;    // within a group
  std::vector<std::int64_t> offset_stride_;  // from one kernel offset to the next, of each panel
  std::int64_t group_stride_ = 0;
  std::shared_ptr<float> own_;
  const float* begin_ = nullptr;  // in own_ or in the weight
};

}  // namespace voxloom::cpu
