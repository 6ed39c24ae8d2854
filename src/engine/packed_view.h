// A packed weight (QuantizedWeight, drawn in voxloom/weight.h) as the engine reads it: codes stay
// codes in memory; a panel is decoded to float32 when a task needs it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "voxloom/weight.h"

namespace voxloom::engine {

struct PackedView {
  const std::uint32_t* codes = nullptr;
  const std::byte* scales = nullptr;
  const std::byte* biases = nullptr;
  DType scale_dtype = DType::f16;
  int bits = 8;
  std::int64_t group_size = 64;
  std::int64_t words = 0, groups = 0;  // per column
  // In items (words or groups) and columns: kernel volume 1 stores column by column, else item by
  // item.
  std::int64_t out = 0;
  bool by_column = false;

  PackedView() = default;
  explicit PackedView(const QuantizedWeight& weight)
      : codes(reinterpret_cast<const std::uint32_t*>(weight.codes.buffer().data)),
        scales(weight.scales.buffer().data),
        biases(weight.biases.buffer().data),
        scale_dtype(weight.scales.dtype()),
        bits(weight.bits),
        group_size(weight.group_size),
        out(weight.out_channels()),
        by_column(weight.kernel_volume() == 1) {
    words = weight.codes.dim(by_column ? 2 : 1);
    groups = weight.scales.dim(by_column ? 2 : 1);
  }

  // Item 0 of column o, offset k, in an array of `items` per column.
  [[nodiscard]] std::int64_t at(std::int64_t k, std::int64_t o, std::int64_t items) const {
    return by_column ? o * items : k * items * out + o;
  }
  [[nodiscard]] std::int64_t item_stride() const { return by_column ? 1 : out; }
  [[nodiscard]] std::int64_t column_stride(std::int64_t items) const {
    return by_column ? items : 1;
  }

  // One element, for the reference: scale * code + bias.
  [[nodiscard]] float value(std::int64_t k, std::int64_t i, std::int64_t o) const {
    const std::int64_t per_word = 32 / bits;
    const std::uint32_t word = codes[at(k, o, words) + i / per_word * item_stride()];
    const auto shift = static_cast<unsigned>(i % per_word * bits);
    const std::int64_t group = at(k, o, groups) + i / group_size * item_stride();
    const auto number = [&](const std::byte* from) {
      return scale_dtype == DType::f16
                 ? static_cast<float>(reinterpret_cast<const float16*>(from)[group])
                 : reinterpret_cast<const float*>(from)[group];
    };
    const std::uint32_t code = (word >> shift) & ((1U << bits) - 1U);
    // Exact in binary64, so that there is one rounding, as in a fused multiply-add.
    return static_cast<float>(double{number(scales)} * code + double{number(biases)});
  }
};

}  // namespace voxloom::engine
