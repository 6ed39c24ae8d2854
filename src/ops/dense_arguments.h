// Checking dense feature tensors and the vectors that go with them.
#pragma once

#include <string_view>

#include "voxloom/tensor.h"

namespace voxloom {

// Throws std::invalid_argument unless x is float32, float16 or bfloat16.
void check_elements(std::string_view op, const Tensor& x);
// ... and (N,C).
void check_matrix(std::string_view op, const Tensor& x);
// ... unless `vector`, called `name` in the message, is (C) of x's dtype.
void check_vector(std::string_view op, const Tensor& x, const Tensor& vector,
                  std::string_view name);
void check_eps(std::string_view op, float eps);

}  // namespace voxloom
