// The seam between the convolution ops and the algorithms that compute them.
//
//   forward          y[u] = bias + sum x[v] W[k]       over the entries (v, u, k) of the map
//   data gradient    the same product on the swapped map with the transposed weight view
//   weight gradient  dW[k] = sum x[v]^T dy[u]
//
// An algorithm is a name, a test whether it can do a problem, and a function. Lists are ordered best
// first; the plain reference, which can do everything, stands last. Everything was checked by the
// op: algorithms trust their problem.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coords/map_blocks.h"
#include "cpu/epilogue.h"
#include "cpu/pointwise.h"
#include "cpu/weight_view.h"
#include "voxloom/tensor.h"

namespace voxloom::cpu {

// How an algorithm cuts the work, where measuring decides: 0 leaves it to the algorithm's own rule. The
// cut is part of the plan: with the same one, results are the same bits on any number of threads.
struct Cut {
  std::int64_t blocks = 0;  // of output rows: of a task, or those whose entries are listed together
  std::int64_t columns = 0;  // output channels of one walk over the entries

  friend auto operator<=>(const Cut&, const Cut&) = default;
};
inline constexpr Cut kMostCut = {16, 1024};  // a task's sums of the two: 16 MiB

struct ConvForward {
  MapBlocks map;
  const Tensor* x = nullptr;     // (N_in, G * in), float32 / float16 / bfloat16
  WeightView weight;             // of x's dtype, or float32 (a dequantized weight)
  const Tensor* bias = nullptr;  // (G * out) of x's dtype, or nullptr
  Tensor* y = nullptr;           // (N_out, G * out), x's dtype or float32; every element is written
  Epilogue epilogue = {};
  Cut cut = {};
};

struct ConvWeightGradient {
  MapBlocks map;
  const Tensor* x = nullptr;   // (N_in, G * in)
  const Tensor* dy = nullptr;  // (N_out, G * out), x's dtype
  std::int64_t groups = 1;
  Tensor* dw = nullptr;  // (K, G, in, out) float32; every element is written
  Cut cut = {};
};

template <typename Problem>
struct Algorithm {
  std::string_view name;
  bool (*can_do)(const Problem&);
  void (*run)(const Problem&);
  // Cuts that `tune` should measure besides the algorithm's own; nullptr: there are none.
  std::vector<Cut> (*cuts)(const Problem&) = nullptr;
};

// What runs: an algorithm and its cut.
template <typename Problem>
struct Chosen {
  const Algorithm<Problem>& algorithm;
  Cut cut = {};

  void run(Problem problem) const {
    problem.cut = cut;
    algorithm.run(problem);
  }
};

// Every algorithm that can do the problem, first with its own cut, then with each that it offers.
template <typename Problem>
[[nodiscard]] std::vector<Chosen<Problem>> candidates_for(
    std::span<const Algorithm<Problem>> algorithms, const Problem& problem) {
  std::vector<Chosen<Problem>> candidates;
  for (const Algorithm<Problem>& algorithm : algorithms) {
    if (!algorithm.can_do(problem)) continue;
    candidates.push_back({algorithm, {}});
    if (algorithm.cuts == nullptr) continue;
    for (const Cut& cut : algorithm.cuts(problem)) candidates.push_back({algorithm, cut});
  }
  return candidates;
}

[[nodiscard]] std::span<const Algorithm<ConvForward>> forward_algorithms();
[[nodiscard]] std::span<const Algorithm<ConvWeightGradient>> weight_gradient_algorithms();
[[nodiscard]] std::span<const Algorithm<ConvPointwise>> pointwise_algorithms();

// Picks and runs: the first of the list that can do the problem, a tuned plan, or the algorithm that
// VOXLOOM_ALGORITHM or pin_algorithm names, with its own cut. A name that no list holds is an error; a
// problem that the named one cannot do (or a list without it) falls back to the first that can.
void convolve(const ConvForward& problem);
[[nodiscard]] Chosen<ConvForward> chosen_forward(const ConvForward& problem);
void convolve_weight_gradient(const ConvWeightGradient& problem);
void convolve_pointwise(const ConvPointwise& problem);

// The names of all lists. pin_algorithm("") goes back to the automatic choice.
[[nodiscard]] std::vector<std::string> algorithm_names();
void pin_algorithm(std::string_view name);
[[nodiscard]] std::string pinned_algorithm();

// Maps whose output rows have at most one entry each (transposed 2x2x2 with stride 2): products go
// through the epilogue straight into y. Dense weights.
bool has_single_partners(const ConvForward& problem);
void direct_store_forward(const ConvForward& problem);
std::vector<Cut> direct_store_cuts(const ConvForward& problem);

// Matrix tiles, on processors that have them: bfloat16 features and dense bfloat16 weights.
bool has_matrix_tiles(const ConvForward& problem);
void matrix_tiles_forward(const ConvForward& problem);
std::vector<Cut> matrix_tiles_cuts(const ConvForward& problem);

// Output blocks by kernel offset, gathered register tiles: every type and channel count.
void offset_major_forward(const ConvForward& problem);
std::vector<Cut> offset_major_cuts(const ConvForward& problem);
void offset_major_weight_gradient(const ConvWeightGradient& problem);
std::vector<Cut> offset_major_cuts(const ConvWeightGradient& problem);

// One channel per group.
bool is_depthwise(const ConvForward& problem);
void depthwise_forward(const ConvForward& problem);
bool is_depthwise_gradient(const ConvWeightGradient& problem);
void depthwise_weight_gradient(const ConvWeightGradient& problem);

// The plain references: float32 sums in (k, channel) order, one output row at a time.
void reference_forward(const ConvForward& problem);
void reference_weight_gradient(const ConvWeightGradient& problem);

}  // namespace voxloom::cpu
