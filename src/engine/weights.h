// Weights from one form to another, as problems: layouts, and packed codes. Every element of what is
// written is written.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/packing.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

// to[g * out + o][k][i] = from[k][g][i][o]: output channels outermost, input channels innermost.
struct TurnWeight {
  static constexpr std::string_view kName = "turn_weight";

  const Tensor* from = nullptr;  // (K, G, in, out), of to's dtype or float32
  Tensor* to = nullptr;          // (G * out, ..., in), float32 / float16 / bfloat16

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.from);
    visit.writes(p.to);
  }
};

// Codes, scales and biases of each group of a column by the arithmetic of docs/semantics.md, section 4.
// Throws std::invalid_argument when a group's scale or bias does not fit their type.
struct QuantizeWeight {
  static constexpr std::string_view kName = "quantize_weight";

  const Tensor* weight = nullptr;  // finite; float32 / float16 / bfloat16
  // Where W[k][i][o] stands in it, in elements.
  std::int64_t stride_k = 0, stride_i = 1, stride_o = 0;
  Packing packing;
  Tensor* codes = nullptr;   // packing.shape(words), uint32
  Tensor* scales = nullptr;  // packing.shape(groups), float16 or float32
  Tensor* biases = nullptr;  // the same

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.weight);
    visit.writes(p.codes);
    visit.writes(p.scales);
    visit.writes(p.biases);
  }
};

// values[k][i][o] = scale * code + bias, rounded once.
struct DequantizeWeight {
  static constexpr std::string_view kName = "dequantize_weight";

  Packing packing;
  const Tensor* codes = nullptr;
  const Tensor* scales = nullptr;
  const Tensor* biases = nullptr;
  Tensor* values = nullptr;  // (K, in, out) float32

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.codes);
    visit.reads(p.scales);
    visit.reads(p.biases);
    visit.writes(p.values);
  }
};

}  // namespace voxloom::engine
