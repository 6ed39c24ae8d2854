// From a DType at run time to an element type at compile time.
#pragma once

#include <stdexcept>

#include "voxloom/dtype.h"

namespace voxloom::cuda {

template <typename T>
struct Type {
  using type = T;
};

template <typename Body>
void visit_dtype(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::f32: body(Type<float>{}); return;
    case DType::f16: body(Type<float16>{}); return;
    case DType::bf16: body(Type<bfloat16>{}); return;
    default: throw std::invalid_argument("[cuda] expected float32, float16 or bfloat16 elements");
  }
}

// `dtype` is that of T, or float32.
template <typename T, typename Body>
void visit_or_float(DType dtype, const Body& body) {
  if (dtype == dtype_of<T>) {
    body(Type<T>{});
  } else if (dtype == DType::f32) {
    body(Type<float>{});
  } else {
    throw std::invalid_argument("[cuda] expected the features' element type, or float32");
  }
}

}  // namespace voxloom::cuda
