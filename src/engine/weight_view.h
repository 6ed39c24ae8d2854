// A weight as the algorithms see it: W[k][g][i][o]. A dense one of any layout is read through strides:
// no layout is copied before a panel is packed. A packed one (groups = 1) is decoded panel by panel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "engine/packed_view.h"
#include "voxloom/device.h"
#include "voxloom/dtype.h"

namespace voxloom::engine {

struct WeightView {
  const std::byte* data = nullptr;  // on `device`
  Device device = {};
  DType dtype = DType::f32;
  std::int64_t volume = 0;  // kernel offsets
  std::int64_t groups = 1;
  std::int64_t in = 0;   // input channels per group
  std::int64_t out = 0;  // output channels per group
  // In elements; of dense weights.
  std::int64_t stride_k = 0, stride_g = 0, stride_i = 0, stride_o = 0;

  std::optional<PackedView> packed = {};  // then `data` is null and no stride counts

  [[nodiscard]] static WeightView of(const QuantizedWeight& weight) {
    WeightView view;
    view.device = weight.codes.device();
    view.volume = weight.kernel_volume();
    view.in = weight.in_channels;
    view.out = weight.out_channels();
    view.packed = PackedView(weight);
    return view;
  }

  // As a problem's (engine/tensors.h).
  template <typename Self, typename Visitor>
  static void each_tensor(Self& view, Visitor& visit) {
    visit.on(view.device);
  }

  [[nodiscard]] std::int64_t at(std::int64_t k, std::int64_t g, std::int64_t i,
                                std::int64_t o) const {
    return k * stride_k + g * stride_g + i * stride_i + o * stride_o;
  }
  // W^T: what the data gradient multiplies by, on the swapped map. Dense weights only.
  [[nodiscard]] WeightView transposed() const {
    WeightView view = *this;
    std::swap(view.in, view.out);
    std::swap(view.stride_i, view.stride_o);
    return view;
  }
};

}  // namespace voxloom::engine
