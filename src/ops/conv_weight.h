// Checking a convolution's weight and bias, and seeing any layout through one view.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/weight_view.h"
#include "voxloom/kernel_map.h"
#include "voxloom/weight.h"

namespace voxloom {

// What the weight must fit.
struct WeightContext {
  std::string_view op;
  Triple kernel_size = 1;  // looked at only when is_box
  std::int64_t volume = 0;
  bool is_box = true;  // false: a list of offsets, or a map; a 5-D weight is then refused
  std::int64_t in_channels = 0;
  std::int64_t groups = 1;
  DType dtype = DType::f32;  // of the features
};

[[nodiscard]] WeightContext weight_context(std::string_view op, const KernelSpec& kernel,
                                           const Tensor& features, std::int64_t groups);

struct ConvWeight {
  Tensor storage;  // keeps the view's bytes alive
  engine::WeightView view;

  [[nodiscard]] std::int64_t out_channels() const { return view.groups * view.out; }
};

// A view of `weight`, which must outlive it. Throws std::invalid_argument on
// a wrong dtype, rank or shape, naming what would fit.
[[nodiscard]] ConvWeight check_weight(const WeightContext& context, const Weight& weight);

// `bias` is undefined or (C_out) of the features' dtype.
void check_bias(const WeightContext& context, const Tensor& bias, std::int64_t out_channels);

}  // namespace voxloom
