// engine::Epilogue as the loops read it: plain numbers.
#pragma once

#include "cpu/kernels/args.h"
#include "engine/epilogue.h"

namespace voxloom::cpu {

struct Epilogue {
  const float* scale = nullptr;      // per output channel (G * out), or nullptr: 1
  const float* shift = nullptr;      // per output channel, or nullptr: 0
  const Tensor* residual = nullptr;  // y's shape and dtype, or nullptr: 0
  Rectifier rectifier = Rectifier::none;
  float slope = 0.01F;  // leaky_relu

  Epilogue() = default;
  explicit Epilogue(const engine::Epilogue& e)
      : scale(e.scale == nullptr ? nullptr : e.scale->data<float>()),
        shift(e.shift == nullptr ? nullptr : e.shift->data<float>()),
        residual(e.residual),
        rectifier(rectifier_of(e.rectifier)),
        slope(e.slope) {}

  [[nodiscard]] bool is_empty() const {
    return scale == nullptr && shift == nullptr && residual == nullptr &&
           rectifier == Rectifier::none;
  }

  // The plain form, for the reference.
  [[nodiscard]] float operator()(float sum, std::int64_t channel, float residual_value) const {
    if (scale != nullptr) sum *= scale[channel];
    if (shift != nullptr) sum += shift[channel];
    sum += residual_value;
    if (rectifier == Rectifier::none || !(sum < 0.0F)) return sum;
    return rectifier == Rectifier::relu ? 0.0F : sum * slope;
  }

 private:
  // Kernels are sealed: they have an enumeration of their own.
  [[nodiscard]] static Rectifier rectifier_of(engine::Rectifier rectifier) {
    switch (rectifier) {
      case engine::Rectifier::relu: return Rectifier::relu;
      case engine::Rectifier::leaky_relu: return Rectifier::leaky_relu;
      case engine::Rectifier::none: break;
    }
    return Rectifier::none;
  }
};

}  // namespace voxloom::cpu
