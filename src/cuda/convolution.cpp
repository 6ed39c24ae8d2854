#include "cuda/convolution.h"

#include "cuda/matrix_units.h"

namespace voxloom::cuda {

void convolve(const ConvForward& problem, Stream stream) {
  if (suits_matrix_units(problem)) {
    matrix_forward(problem, stream);
  } else {
    reference_forward(problem, stream);
  }
}

void convolve_weight_gradient(const ConvWeightGradient& problem, Stream stream) {
  if (suits_matrix_units(problem)) {
    matrix_weight_gradient(problem, stream);
  } else {
    reference_weight_gradient(problem, stream);
  }
}

}  // namespace voxloom::cuda
