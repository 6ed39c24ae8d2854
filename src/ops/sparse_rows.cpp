// Row-wise operations on the features of a sparse tensor.
#include "voxloom/dense.h"

namespace voxloom {

SparseTensor activate(const SparseTensor& x, Activation kind, const ActivationOptions& options) {
  return x.with_features(activate(x.features(), kind, options));
}

SparseTensor relu(const SparseTensor& x) { return activate(x, Activation::relu); }

}  // namespace voxloom
