// The parts of a normalized convolution's gradients that are no products. With n = conv(x, W),
// S[k] = sum of W[k]*W[k] over the input channels, e = conv(1, S), d = sqrt(e + eps), y = n / d + bias:
//   dn = dy / d,  de = -dn n / (2 d^2),  dW[k] = wgrad(x, dn) + 2 W[k] dS[k]  with dS = wgrad(1, de)
#pragma once

#include "voxloom/tensor.h"

namespace voxloom::engine {

// S, added up in binary64.
struct WeightEnergy {
  static constexpr std::string_view kName = "weight_energy";
  static constexpr bool kIsForTraining = true;

  const Tensor* weight = nullptr;  // (K, G, C_in/G, C_out/G)
  Tensor* energy = nullptr;        // (K, 1, C_out)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.weight);
    visit.writes(p.energy);
  }
};

// dW += 2 W dS
struct WeightEnergyGradient {
  static constexpr std::string_view kName = "weight_energy_gradient";
  static constexpr bool kIsForTraining = true;

  const Tensor* weight = nullptr;   // (K, G, C_in/G, C_out/G)
  const Tensor* denergy = nullptr;  // K C_out elements
  Tensor* dweight = nullptr;        // of the weight's shape

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.weight);
    visit.reads(p.denergy);
    visit.updates(p.dweight);
  }
};

// All (N, C).
struct NormalizedGradient {
  static constexpr std::string_view kName = "normalized_gradient";
  static constexpr bool kIsForTraining = true;

  const Tensor* dy = nullptr;
  const Tensor* energy = nullptr;     // e
  const Tensor* numerator = nullptr;  // n, where de is wanted
  float eps = 0;
  Tensor* dn = nullptr;
  Tensor* de = nullptr;  // or not wanted

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.dy);
    visit.reads(p.energy);
    visit.reads(p.numerator);
    visit.writes(p.dn);
    visit.writes(p.de);
  }
};

}  // namespace voxloom::engine
