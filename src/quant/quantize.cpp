// quantize: a weight of any layout to packed codes.

#include "core/checked.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/elementwise.h"
#include "engine/weights.h"
#include "quant/packing.h"

namespace voxloom {
namespace {

constexpr std::string_view kQuantizeOp = "quantize";

// The source weight, its layout folded into strides (in elements).
struct Source {
  std::int64_t volume = 1, in = 0, out = 0;
  std::int64_t stride_k = 0, stride_i = 1, stride_o = 0;
};

Source source_of(const Tensor& w) {
  require(w.defined() && is_feature_dtype(w.dtype()), kQuantizeOp,
          "expected a float32, float16 or bfloat16 weight, got {}",
          w.defined() ? name_of(w.dtype()) : "an undefined tensor");
  switch (w.rank()) {
    case 2: return {.in = w.dim(1), .out = w.dim(0), .stride_o = w.dim(1)};
    case 3:
      return {.volume = w.dim(0),
              .in = w.dim(1),
              .out = w.dim(2),
              .stride_k = w.dim(1) * w.dim(2),
              .stride_i = w.dim(2),
              .stride_o = 1};
    case 4:
      require(w.dim(1) == 1, kQuantizeOp,
              "packed weights need groups = 1, got {} groups in a weight of {}", w.dim(1),
              to_string(w.shape()));
      return {.volume = w.dim(0),
              .in = w.dim(2),
              .out = w.dim(3),
              .stride_k = w.dim(2) * w.dim(3),
              .stride_i = w.dim(3),
              .stride_o = 1};
    case 5: {
      const std::int64_t volume = checked_product(kQuantizeOp, {w.dim(1), w.dim(2), w.dim(3)});
      return {.volume = volume,
              .in = w.dim(4),
              .out = w.dim(0),
              .stride_k = w.dim(4),
              .stride_o = volume * w.dim(4)};
    }
    default:
      fail(kQuantizeOp,
           "expected (C_out,Kx,Ky,Kz,C_in), (K,1,C_in,C_out), (K,C_in,C_out) or (C_out,C_in), got "
           "{}",
           w.shape());
  }
}

void require_finite(const Tensor& weight) {
  std::int64_t element = -1;
  engine::run(engine::FirstNotFinite{.x = &weight, .element = &element});
  require(element < 0, kQuantizeOp, "element {} of the weight is not finite", element);
}

}  // namespace

QuantizedWeight quantize(const Tensor& weight, const QuantizeOptions& options) {
  quant::require_packing(kQuantizeOp, options.bits, options.group_size);
  require(options.scale_dtype == DType::f16 || options.scale_dtype == DType::f32, kQuantizeOp,
          "scale_dtype must be float16 or float32, got {}", name_of(options.scale_dtype));
  const Source source = source_of(weight);
  require(source.volume >= 1, kQuantizeOp,
          "the kernel volume must be at least 1, got a weight of {}", to_string(weight.shape()));
  const engine::Packing packing{.bits = options.bits,
                                .group_size = options.group_size,
                                .volume = source.volume,
                                .in = source.in,
                                .out = source.out};
  const Device device = weight.device();
  QuantizedWeight result{
      .codes = Tensor::empty(packing.shape(packing.words()), DType::u32, device),
      .scales = Tensor::empty(packing.shape(packing.groups()), options.scale_dtype, device),
      .biases = Tensor::empty(packing.shape(packing.groups()), options.scale_dtype, device),
      .bits = options.bits,
      .group_size = options.group_size,
      .in_channels = source.in};
  require_finite(weight);
  engine::run(engine::QuantizeWeight{.weight = &weight,
                                     .stride_k = source.stride_k,
                                     .stride_i = source.stride_i,
                                     .stride_o = source.stride_o,
                                     .packing = packing,
                                     .codes = &result.codes,
                                     .scales = &result.scales,
                                     .biases = &result.biases});
  return result;
}

}  // namespace voxloom
