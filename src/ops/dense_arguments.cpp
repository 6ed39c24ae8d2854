#include "ops/dense_arguments.h"

#include <cmath>

#include "core/error.h"

namespace voxloom {

void check_elements(std::string_view op, const Tensor& x) {
  require(x.defined() && is_feature_dtype(x.dtype()), op,
          "expected float32, float16 or bfloat16 elements, got {}", x);
}

void check_matrix(std::string_view op, const Tensor& x) {
  require(x.defined() && is_feature_dtype(x.dtype()) && x.rank() == 2, op,
          "expected features of shape (N,C) and type float32, float16 or bfloat16, got {}", x);
}

void check_vector(std::string_view op, const Tensor& x, const Tensor& vector,
                  std::string_view name) {
  require(vector.defined() && vector.rank() == 1 && vector.dim(0) == x.dim(1) &&
              vector.dtype() == x.dtype(),
          op, "expected {} of shape ({}) and type {}, got {}", name, x.dim(1), name_of(x.dtype()),
          vector);
}

void check_eps(std::string_view op, float eps) {
  require(std::isfinite(eps) && eps >= 0.0F, op, "eps must be finite and not negative, got {}",
          eps);
}

}  // namespace voxloom
