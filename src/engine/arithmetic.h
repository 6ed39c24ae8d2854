// Arithmetic on the elements of float32 tensors of one shape: what sums of gradients, moving averages
// and the gradients of simple operations are made of. y may lie where a or b lies.
#pragma once

#include <cstdint>

#include "engine/in_place.h"

namespace voxloom::engine {

// y = p a + q b, or p a without b
struct Combine {
  static constexpr std::string_view kName = "combine";

  const Tensor* a = nullptr;
  float p = 1;
  const Tensor* b = nullptr;  // or none
  float q = 1;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& problem, Visitor& visit) {
    visit.reads(problem.a);
    visit.reads(problem.b);
    visit_result(visit, problem.y, problem.a, problem.b);
  }
};

// y = a b + c, or a b without c
struct Multiply {
  static constexpr std::string_view kName = "multiply";

  const Tensor* a = nullptr;
  const Tensor* b = nullptr;
  const Tensor* c = nullptr;  // or none; y is not there
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& problem, Visitor& visit) {
    visit.reads(problem.a);
    visit.reads(problem.b);
    visit.reads(problem.c);
    visit_result(visit, problem.y, problem.a, problem.b);
  }
};

// y = x f, or f everywhere without x; f is the one element of `factor`, divided by `divisor` in binary64.
struct MultiplyByElement {
  static constexpr std::string_view kName = "multiply_by_element";

  const Tensor* x = nullptr;  // or none
  const Tensor* factor = nullptr;
  double divisor = 1;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& problem, Visitor& visit) {
    visit.reads(problem.x);
    visit.reads(problem.factor);
    visit.writes(problem.y);
  }
};

// y = the sum of all elements of x, one element: float32 within 256 elements, binary64 across them.
struct Sum {
  static constexpr std::string_view kName = "sum";

  const Tensor* x = nullptr;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& problem, Visitor& visit) {
    visit.reads(problem.x);
    visit.writes(problem.y);
  }
};

// y[i] = x[i] / (1 - probability), or 0 where draw i of `seed` (core/random.h) lies below `probability`.
// The mask is worked out anew each time: nothing is kept but the seed.
struct Dropout {
  static constexpr std::string_view kName = "dropout";

  const Tensor* x = nullptr;
  float probability = 0;
  std::uint64_t seed = 0;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& problem, Visitor& visit) {
    visit.reads(problem.x);
    visit.writes(problem.y);
  }
};

}  // namespace voxloom::engine
