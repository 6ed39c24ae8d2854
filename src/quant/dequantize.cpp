// From packed codes back to float32, kernel-major.

#include "engine/choice.h"
#include "engine/weights.h"

namespace voxloom {

Tensor dequantize(const QuantizedWeight& weight) {
  validate(weight);
  const engine::Packing packing{.bits = weight.bits,
                                .group_size = weight.group_size,
                                .volume = weight.kernel_volume(),
                                .in = weight.in_channels,
                                .out = weight.out_channels()};
  Tensor values =
      Tensor::empty({packing.volume, packing.in, packing.out}, DType::f32, weight.codes.device());
  engine::run(engine::DequantizeWeight{.packing = packing,
                                       .codes = &weight.codes,
                                       .scales = &weight.scales,
                                       .biases = &weight.biases,
                                       .values = &values});
  return values;
}

}  // namespace voxloom
