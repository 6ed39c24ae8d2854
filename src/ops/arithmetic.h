// Arithmetic on float32 tensors of one shape and device, for gradients, updates and averages.
#pragma once

#include "voxloom/tensor.h"

namespace voxloom {

// A place for a result of x's shape: x's own where nobody else has it.
[[nodiscard]] Tensor place_over(const Tensor& x);
[[nodiscard]] Tensor float_like(const Tensor& x);  // uninitialised float32

[[nodiscard]] Tensor scaled(const Tensor& x, float factor);
void scale_in_place(Tensor& x, float factor);
// p a + q b
[[nodiscard]] Tensor combined(const Tensor& a, float p, const Tensor& b, float q);
// sum += factor * part; as many elements, of any shape.
void add_to(Tensor& sum, const Tensor& part, float factor = 1.0F);
// a b; written over `a` where nobody else has it.
[[nodiscard]] Tensor multiplied(Tensor a, const Tensor& b);
// x times the one element of `factor`, which is divided by `divisor` before.
[[nodiscard]] Tensor multiplied_by_element(const Tensor& x, const Tensor& factor,
                                           double divisor = 1.0);

}  // namespace voxloom
