// From a DType at run time to a C++ type at compile time.
#pragma once

#include <string_view>

#include "core/error.h"
#include "voxloom/dtype.h"

namespace voxloom {

// Calls body.template operator()<T>() with T the storage type of `dtype`.
template <typename Body>
decltype(auto) visit_feature_dtype(std::string_view op, DType dtype, Body&& body) {
  switch (dtype) {
    case DType::f32: return body.template operator()<float>();
    case DType::f16: return body.template operator()<float16>();
    case DType::bf16: return body.template operator()<bfloat16>();
    default: fail(op, "expected float32, float16 or bfloat16 elements, got {}", name_of(dtype));
  }
}

}  // namespace voxloom
