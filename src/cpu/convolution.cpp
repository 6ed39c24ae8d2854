// The lists of algorithms, best first, and the choice among them.

#include "cpu/convolution.h"

#include <array>

namespace voxloom::cpu {
namespace {

template <typename Problem>
bool always(const Problem&) {
  return true;
}

constexpr std::array kForward = {
    Algorithm<ConvForward>{"reference", always<ConvForward>, reference_forward},
};

constexpr std::array kWeightGradient = {
    Algorithm<ConvWeightGradient>{"reference", always<ConvWeightGradient>,
                                  reference_weight_gradient},
};

template <typename Problem>
void run_first_able(std::span<const Algorithm<Problem>> algorithms, const Problem& problem) {
  for (const Algorithm<Problem>& algorithm : algorithms) {
    if (algorithm.can_do(problem)) return algorithm.run(problem);
  }
}

}  // namespace

std::span<const Algorithm<ConvForward>> forward_algorithms() { return kForward; }
std::span<const Algorithm<ConvWeightGradient>> weight_gradient_algorithms() {
  return kWeightGradient;
}

void convolve(const ConvForward& problem) { run_first_able(forward_algorithms(), problem); }

void convolve_weight_gradient(const ConvWeightGradient& problem) {
  run_first_able(weight_gradient_algorithms(), problem);
}

}  // namespace voxloom::cpu
