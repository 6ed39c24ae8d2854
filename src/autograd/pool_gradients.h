// What pools over a map give back: a sum goes back over the swapped map, a maximum to the row it came from.
#pragma once

#include <vector>

#include "voxloom/kernel_map.h"
#include "voxloom/tensor.h"

namespace voxloom::autograd {

// A weighted sum over a map, or the mean: y[u] = sum w_k x[v] / sum w_k.
struct MapSum {
  KernelMap map;
  std::vector<float> offset_weights;  // empty: all 1
  bool mean = false;

  // Of dy (N_out, C), which is float32 for a mean: (N_in, C) of its type.
  [[nodiscard]] Tensor gradient(const Tensor& dy) const;

 private:
  [[nodiscard]] Tensor sum(const KernelMap& over, const Tensor& x) const;
  [[nodiscard]] Tensor spread(const Tensor& dy) const;
};

// (N_out, C) int32: the row of x that wins each element of a maximum, -1 without one.
[[nodiscard]] Tensor winners_of(const KernelMap& map, const Tensor& x);
// (N_in, C) of dy's type: dy at the winners' rows, what max pooling's gradient is.
[[nodiscard]] Tensor scatter_to_winners(const KernelMap& map, const Tensor& x, const Tensor& dy);
// (N_out, C) float32: and the other way, each winner's row of dy read at the element it won.
[[nodiscard]] Tensor gather_from_winners(const KernelMap& map, const Tensor& x, const Tensor& dy);

}  // namespace voxloom::autograd
