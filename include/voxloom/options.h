// The choices that operations leave to the caller, in the words that a backend reads as well.
#pragma once

#include <array>
#include <cstdint>

#include "voxloom/export.h"
#include "voxloom/tensor.h"

namespace VOXLOOM_API voxloom {

enum class Activation : std::uint8_t { relu, sigmoid, gelu, silu, leaky_relu, tanh, softplus };
enum class GeluApprox : std::uint8_t { none, precise, tanh, fast };
struct ActivationOptions {
  GeluApprox approximate = GeluApprox::none;
  float alpha = 0.01F;      // leaky_relu's slope
  float beta = 1.0F;        // softplus
  float threshold = 20.0F;  // softplus
};

struct BatchNormParameters {
  Tensor scale, bias, mean, variance;
};

enum class Join : std::uint8_t { inner, left, right, outer };
enum class BinaryOp : std::uint8_t { add, sub, mul, maximum, minimum };

// Of points to voxels: cell = floor((p - origin) / voxel_size) in float64.
struct Grid {
  std::array<double, 3> voxel_size = {1, 1, 1};
  std::array<double, 3> origin = {0, 0, 0};
  // True: in float32, each step rounded, as readers of IR v2 do it. Points near a cell's side may fall into the next.
  bool in_float32 = false;
};
enum class Reduction : std::uint8_t { sum, mean, max, first, count };
enum class NonFinite : std::uint8_t { error, drop };
enum class Interpolation : std::uint8_t { nearest, linear };
enum class NearestMode : std::uint8_t { cell, lattice };

}  // namespace voxloom
