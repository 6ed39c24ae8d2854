// Gradients of operations on elements and rows, float32. Where the result of an operation tells its
// slope, the gradient reads that instead of the argument.
#pragma once

#include <cstdint>

#include "engine/in_place.h"
#include "voxloom/options.h"

namespace voxloom::engine {

// Whether ActivationGradient::at is the result y of an activation, not its argument x.
[[nodiscard]] constexpr bool reads_result(Activation kind) {
  return kind == Activation::relu || kind == Activation::sigmoid || kind == Activation::tanh;
}

// dx = dy slope(at). A rectifier's is chosen, not multiplied: dy may be infinite where nothing flows.
struct ActivationGradient {
  static constexpr std::string_view kName = "activation_gradient";
  static constexpr bool kIsForTraining = true;

  Activation kind{};
  ActivationOptions options = {};
  const Tensor* dy = nullptr;
  const Tensor* at = nullptr;  // y where reads_result, else x
  Tensor* dx = nullptr;        // may lie where dy lies

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.dy);
    visit.reads(p.at);
    visit_result(visit, p.dx, p.dy);
  }
};

// dx = y (dy - sum of y dy over the row)
struct SoftmaxGradient {
  static constexpr std::string_view kName = "softmax_gradient";
  static constexpr bool kIsForTraining = true;

  const Tensor* y = nullptr;   // (N, C)
  const Tensor* dy = nullptr;  // (N, C)
  Tensor* dx = nullptr;        // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.y);
    visit.reads(p.dy);
    visit.writes(p.dx);
  }
};

// Of norms whose statistics belong to one row, or to each of `groups` equal parts of it:
//   n = (x - mean) r, y = n scale + bias, g = dy scale
//   dx = r (g - mean(g) - n mean(g n)), dscale = sum dy n, dbias = sum dy
// Without a center (rms_norm) there are no means of x and g.
struct RowNormGradient {
  static constexpr std::string_view kName = "row_norm_gradient";
  static constexpr bool kIsForTraining = true;

  const Tensor* x = nullptr;      // (N, C)
  const Tensor* scale = nullptr;  // (C)
  const Tensor* dy = nullptr;     // (N, C)
  std::int64_t groups = 1;
  bool is_centered = true;
  float eps = 0;
  Tensor* dx = nullptr;      // (N, C), or not wanted
  Tensor* dscale = nullptr;  // (C), or not wanted
  Tensor* dbias = nullptr;   // (C), or not wanted

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.reads(p.scale);
    visit.reads(p.dy);
    visit.writes(p.dx);
    visit.writes(p.dscale);
    visit.writes(p.dbias);
  }
};

// Of an element-by-element maximum or minimum: dx is dy where the operand `own` was taken. Where both
// are equal, or one is a NaN, the left one was.
struct WinnerGradient {
  static constexpr std::string_view kName = "winner_gradient";
  static constexpr bool kIsForTraining = true;

  const Tensor* lhs = nullptr;
  const Tensor* rhs = nullptr;
  const Tensor* dy = nullptr;
  bool is_maximum = true;
  bool of_lhs = true;
  Tensor* dx = nullptr;

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.lhs);
    visit.reads(p.rhs);
    visit.reads(p.dy);
    visit.writes(p.dx);
  }
};

// The channels [first, first + C) of each row: what an operand of a concatenation gets back.
struct TakeChannels {
  static constexpr std::string_view kName = "take_channels";
  static constexpr bool kIsForTraining = true;

  const Tensor* x = nullptr;  // (N, at least first + C)
  std::int64_t first = 0;
  Tensor* y = nullptr;  // (N, C)

  template <typename Problem, typename Visitor>
  static void each_tensor(Problem& p, Visitor& visit) {
    visit.reads(p.x);
    visit.writes(p.y);
  }
};

}  // namespace voxloom::engine
