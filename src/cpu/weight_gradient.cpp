#include "cpu/backend.h"
#include "cpu/convolution.h"
#include "cpu/own_form.h"

namespace voxloom::cpu {
namespace {

using WeightGradientRow = engine::Algorithm<engine::ConvWeightGradient>;

std::vector<Cut> gradient_cuts(const engine::ConvWeightGradient& problem) {
  return offset_major_cuts(ConvWeightGradient(problem));
}

constexpr std::array kWeightGradient = {
    WeightGradientRow{"depthwise", can<is_depthwise_gradient, ConvWeightGradient>,
                      run<depthwise_weight_gradient, ConvWeightGradient>},
    WeightGradientRow{"offset_major", nullptr,
                      run<offset_major_weight_gradient, ConvWeightGradient>, gradient_cuts},
    WeightGradientRow{"reference", nullptr, run<reference_weight_gradient, ConvWeightGradient>},
};

}  // namespace

void CpuBackend::offer_weight_gradients() { offer<engine::ConvWeightGradient>(kWeightGradient); }

}  // namespace voxloom::cpu
