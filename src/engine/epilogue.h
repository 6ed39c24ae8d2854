// What a forward product does with a finished sum before it is stored, so that batch norm, residual
// connection and rectifier cost no further sweep over the features:
//   y = rectifier((sum + bias) * scale + shift + residual)
#pragma once

#include <cstdint>

#include "voxloom/tensor.h"

namespace voxloom::engine {

enum class Rectifier : std::uint8_t { none, relu, leaky_relu };

struct Epilogue {
  const Tensor* scale = nullptr;     // (G * out) float32, or nullptr: 1
  const Tensor* shift = nullptr;     // (G * out) float32, or nullptr: 0
  const Tensor* residual = nullptr;  // y's shape and dtype, or nullptr: 0
  Rectifier rectifier = Rectifier::none;
  float slope = 0.01F;  // leaky_relu

  // As a problem's (engine/tensors.h).
  template <typename Self, typename Visitor>
  static void each_tensor(Self& epilogue, Visitor& visit) {
    visit.reads(epilogue.scale);
    visit.reads(epilogue.shift);
    visit.reads(epilogue.residual);
  }
};

}  // namespace voxloom::engine
