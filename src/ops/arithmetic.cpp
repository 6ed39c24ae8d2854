#include "ops/arithmetic.h"

#include "engine/arithmetic.h"
#include "engine/choice.h"

namespace voxloom {

Tensor float_like(const Tensor& x) { return Tensor::empty(x.shape(), DType::f32, x.device()); }

Tensor place_over(const Tensor& x) { return x.is_unique() ? x : float_like(x); }

Tensor scaled(const Tensor& x, float factor) {
  Tensor y = float_like(x);
  engine::run(engine::Combine{.a = &x, .p = factor, .y = &y});
  return y;
}

void scale_in_place(Tensor& x, float factor) {
  engine::run(engine::Combine{.a = &x, .p = factor, .y = &x});
}

Tensor combined(const Tensor& a, float p, const Tensor& b, float q) {
  Tensor y = float_like(a);
  engine::run(engine::Combine{.a = &a, .p = p, .b = &b, .q = q, .y = &y});
  return y;
}

void add_to(Tensor& sum, const Tensor& part, float factor) {
  engine::run(engine::Combine{.a = &sum, .b = &part, .q = factor, .y = &sum});
}

Tensor multiplied(Tensor a, const Tensor& b) {
  Tensor y = place_over(a);
  engine::run(engine::Multiply{.a = &a, .b = &b, .y = &y});
  return y;
}

Tensor multiplied_by_element(const Tensor& x, const Tensor& factor, double divisor) {
  Tensor y = float_like(x);
  engine::run(engine::MultiplyByElement{.x = &x, .factor = &factor, .divisor = divisor, .y = &y});
  return y;
}

}  // namespace voxloom
