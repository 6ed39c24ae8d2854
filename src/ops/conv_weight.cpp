#include "ops/conv_weight.h"

#include "core/error.h"

namespace voxloom {
namespace {

using engine::WeightView;

std::string kernel_text(const WeightContext& c) {
  return c.is_box ? fmt::format("kernel_size {}", c.kernel_size)
                  : fmt::format("{} kernel offsets", c.volume);
}

[[noreturn]] void refuse(const WeightContext& c, const Tensor& weight,
                         const std::string& expected) {
  const std::string groups = c.groups == 1 ? "" : fmt::format(" in {} groups", c.groups);
  fail(c.op, "weight {} does not match {} and {} input channels{}: expected {}", weight.shape(),
       kernel_text(c), c.in_channels, groups, expected);
}

WeightView base_view(const WeightContext& c, const Tensor& weight) {
  WeightView view;
  view.data = weight.buffer().data;
  view.device = weight.device();
  view.dtype = weight.dtype();
  view.volume = c.volume;
  view.groups = c.groups;
  view.in = c.in_channels / c.groups;
  return view;
}

// (C_out, Kx, Ky, Kz, C_in/G)
WeightView view_output_major(const WeightContext& c, const Tensor& w) {
  const Triple& k = c.kernel_size;
  const std::int64_t in = c.in_channels / c.groups;
  if (!c.is_box || w.dim(1) != k.x || w.dim(2) != k.y || w.dim(3) != k.z || w.dim(4) != in) {
    refuse(c, w,
           c.is_box ? fmt::format("(C_out,{},{},{},{})", k.x, k.y, k.z, in)
                    : fmt::format("({},{},C_out)", c.volume, c.in_channels));
  }
  require(w.dim(0) % c.groups == 0, c.op, "{} output channels do not split into {} groups",
          w.dim(0), c.groups);
  WeightView view = base_view(c, w);
  view.out = w.dim(0) / c.groups;
  view.stride_k = in;
  view.stride_g = view.out * c.volume * in;
  view.stride_i = 1;
  view.stride_o = c.volume * in;
  return view;
}

// (K, G, C_in/G, C_out/G)
WeightView view_grouped(const WeightContext& c, const Tensor& w) {
  const std::int64_t in = c.in_channels / c.groups;
  if (w.dim(0) != c.volume || w.dim(1) != c.groups || w.dim(2) != in) {
    refuse(c, w, fmt::format("({},{},{},C_out/{})", c.volume, c.groups, in, c.groups));
  }
  WeightView view = base_view(c, w);
  view.out = w.dim(3);
  view.stride_o = 1;
  view.stride_i = view.out;
  view.stride_g = in * view.out;
  view.stride_k = c.groups * in * view.out;
  return view;
}

// (K, C_in, C_out)
WeightView view_kernel_major(const WeightContext& c, const Tensor& w) {
  if (c.groups != 1 || w.dim(0) != c.volume || w.dim(1) != c.in_channels) {
    refuse(c, w,
           c.groups == 1 ? fmt::format("({},{},C_out)", c.volume, c.in_channels)
                         : fmt::format("({},{},{},C_out/{})", c.volume, c.groups,
                                       c.in_channels / c.groups, c.groups));
  }
  WeightView view = base_view(c, w);
  view.out = w.dim(2);
  view.stride_o = 1;
  view.stride_i = view.out;
  view.stride_k = c.in_channels * view.out;
  return view;
}

// (C_out, C_in) or, depthwise, (K, C)
WeightView view_rank_2(const WeightContext& c, const Tensor& w) {
  WeightView view = base_view(c, w);
  if (c.groups == 1) {
    if (c.volume != 1) {
      refuse(c, w,
             fmt::format("({},{},C_out); rank 2 is for kernel volume 1", c.volume, c.in_channels));
    }
    if (w.dim(1) != c.in_channels) refuse(c, w, fmt::format("(C_out,{})", c.in_channels));
    view.out = w.dim(0);
    view.stride_o = c.in_channels;
    view.stride_i = 1;
    return view;
  }
  if (c.groups != c.in_channels || w.dim(0) != c.volume || w.dim(1) != c.in_channels) {
    refuse(c, w,
           c.groups == c.in_channels ? fmt::format("({},{})", c.volume, c.in_channels)
                                     : "rank 4 or 5; rank 2 is depthwise or pointwise");
  }
  view.out = 1;
  view.stride_g = 1;
  view.stride_k = c.in_channels;
  return view;
}

ConvWeight check_dense(const WeightContext& c, const Tensor& weight) {
  require(weight.defined() && weight.dtype() == c.dtype, c.op, "features are {}, the weight is {}",
          name_of(c.dtype), weight.defined() ? name_of(weight.dtype()) : "undefined");
  switch (weight.rank()) {
    case 5: return {weight, view_output_major(c, weight)};
    case 4: return {weight, view_grouped(c, weight)};
    case 3: return {weight, view_kernel_major(c, weight)};
    case 2: return {weight, view_rank_2(c, weight)};
    default:
      fail(c.op, "weight {} has rank {}, expected rank 2 to 5", weight.shape(), weight.rank());
  }
}

ConvWeight check_packed(const WeightContext& c, const QuantizedWeight& weight) {
  validate(weight);
  require(c.groups == 1, c.op, "packed weights need groups = 1, got {}", c.groups);
  if (weight.kernel_volume() != c.volume || weight.in_channels != c.in_channels) {
    fail(c.op,
         "packed weight of volume {} and {} input channels does not match {} and {} input channels",
         weight.kernel_volume(), weight.in_channels, kernel_text(c), c.in_channels);
  }
  return {weight.codes, WeightView::of(weight)};
}

}  // namespace

WeightContext weight_context(std::string_view op, const KernelSpec& kernel, const Tensor& features,
                             std::int64_t groups) {
  const std::int64_t channels = features.dim(1);
  require(groups >= 1, op, "groups must be at least 1, got {}", groups);
  require(channels % groups == 0, op, "{} input channels do not split into {} groups", channels,
          groups);
  return {.op = op,
          .kernel_size = kernel.kernel_size,
          .volume = kernel.volume(),
          .is_box = kernel.offsets.empty(),
          .in_channels = channels,
          .groups = groups,
          .dtype = features.dtype()};
}

ConvWeight check_weight(const WeightContext& context, const Weight& weight) {
  if (const auto* packed = std::get_if<QuantizedWeight>(&weight)) {
    return check_packed(context, *packed);
  }
  return check_dense(context, std::get<Tensor>(weight));
}

void check_bias(const WeightContext& context, const Tensor& bias, std::int64_t out_channels) {
  if (!bias.defined()) return;
  require(bias.rank() == 1 && bias.dim(0) == out_channels && bias.dtype() == context.dtype,
          context.op, "expected a bias of shape ({}) and type {}, got {} {}", out_channels,
          name_of(context.dtype), bias.shape(), name_of(bias.dtype()));
}

}  // namespace voxloom
