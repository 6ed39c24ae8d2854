// The steps of optimizers, element by element and in place. g is the gradient, p the parameter; all
// tensors of a problem are float32 and have one size.
#pragma once

#include <vector>

#include "voxloom/tensor.h"

namespace voxloom::engine {

//   m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2
//   p = keep p - rate (m / first_share) / (sqrt(v / second_share) + eps)
// (Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization")
struct AdamW {
  static constexpr std::string_view kName = "adamw";
  static constexpr bool kIsForTraining = true;

  const Tensor* gradient = nullptr;
  Tensor* parameter = nullptr;
  Tensor* first = nullptr;   // m
  Tensor* second = nullptr;  // v
  float keep = 1, rate = 0, b1 = 0, b2 = 0, first_share = 1, second_share = 1, eps = 0;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.gradient);
    visit.updates(p.parameter);
    visit.updates(p.first);
    visit.updates(p.second);
  }
};

//   v = momentum v + (g + decay p),  p = p - rate v
struct Momentum {
  static constexpr std::string_view kName = "momentum";
  static constexpr bool kIsForTraining = true;

  const Tensor* gradient = nullptr;
  Tensor* parameter = nullptr;
  Tensor* velocity = nullptr;  // v
  float decay = 0, rate = 0, momentum = 0;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.gradient);
    visit.updates(p.parameter);
    visit.updates(p.velocity);
  }
};

// Of all elements of all tensors, in binary64.
struct SumOfSquares {
  static constexpr std::string_view kName = "sum_of_squares";
  static constexpr bool kIsForTraining = true;

  std::vector<const Tensor*> tensors;
  double* sum = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    for (auto& tensor : p.tensors) visit.reads(tensor);
  }
};

}  // namespace voxloom::engine
