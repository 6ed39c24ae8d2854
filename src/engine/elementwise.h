// Functions of each element alone, as problems. x and y have one shape and one dtype, float32, float16
// or bfloat16; arithmetic is float32, rounded once. Every element of y is written.
#pragma once

#include <cstdint>
#include <string_view>

#include "voxloom/options.h"
#include "voxloom/tensor.h"

namespace voxloom::engine {

// y = the activation of x. Its formulas: docs/lattice_artifact.md.
struct Activate {
  static constexpr std::string_view kName = "activate";

  Activation kind = Activation::relu;
  ActivationOptions options = {};
  const Tensor* x = nullptr;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.y);
  }
};

enum class ElementFunction : std::uint8_t {
  exp,
  round  // half to even
};

// y = f(x).
struct MapElements {
  static constexpr std::string_view kName = "map_elements";

  ElementFunction function = ElementFunction::exp;
  const Tensor* x = nullptr;
  Tensor* y = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.y);
  }
};

// The first element of x that is infinite or no number.
struct FirstNotFinite {
  static constexpr std::string_view kName = "first_not_finite";

  const Tensor* x = nullptr;
  std::int64_t* element = nullptr;  // on the host; -1: all are finite

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
  }
};

}  // namespace voxloom::engine
