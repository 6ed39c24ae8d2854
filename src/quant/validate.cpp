// Does a packed weight's arrays fit each other? Everything that reads codes relies on it.

#include "core/error.h"
#include "engine/packing.h"
#include "quant/packing.h"

namespace voxloom {
namespace {

constexpr std::string_view kValidateOp = "quantized_weight";

void require_array(const Tensor& array, std::string_view name) {
  require(array.defined() && array.rank() == 3, kValidateOp, "expected {} of rank 3, got {}", name,
          array);
}

void require_shape(const Tensor& array, std::string_view name, const Shape& expected) {
  require(array.shape() == expected, kValidateOp, "expected {} of shape {}, got {}", name, expected,
          array.shape());
}

}  // namespace

namespace quant {

void require_packing(std::string_view op, std::int64_t bits, std::int64_t group_size) {
  require(bits == 4 || bits == 8, op, "bits must be 4 or 8, got {}", bits);
  require(group_size == 32 || group_size == 64 || group_size == 128, op,
          "group_size must be 32, 64 or 128, got {}", group_size);
}

}  // namespace quant

void validate(const QuantizedWeight& weight) {
  quant::require_packing(kValidateOp, weight.bits, weight.group_size);
  require_array(weight.codes, "codes");
  require_array(weight.scales, "scales");
  require_array(weight.biases, "biases");
  require(weight.codes.dtype() == DType::u32, kValidateOp, "expected codes of type uint32, got {}",
          name_of(weight.codes.dtype()));
  const DType scale_dtype = weight.scales.dtype();
  require(scale_dtype == DType::f16 || scale_dtype == DType::f32, kValidateOp,
          "expected scales of type float16 or float32, got {}", name_of(scale_dtype));
  require(weight.biases.dtype() == scale_dtype, kValidateOp, "scales are {}, biases are {}",
          name_of(scale_dtype), name_of(weight.biases.dtype()));
  require(weight.kernel_volume() >= 1, kValidateOp,
          "the kernel volume must be at least 1, got codes of {}", weight.codes.shape());
  // Also keeps the padded count below from overflowing.
  constexpr std::int64_t kMaxChannels = std::int64_t{1} << 40;
  require(weight.in_channels >= 0 && weight.in_channels <= kMaxChannels, kValidateOp,
          "in_channels {} is out of range", weight.in_channels);
  const engine::Packing packing{.bits = weight.bits,
                                .group_size = weight.group_size,
                                .volume = weight.kernel_volume(),
                                .in = weight.in_channels,
                                .out = weight.out_channels()};
  require_shape(weight.codes, "codes", packing.shape(packing.words()));
  require_shape(weight.scales, "scales", packing.shape(packing.groups()));
  require_shape(weight.biases, "biases", packing.shape(packing.groups()));
}

}  // namespace voxloom
