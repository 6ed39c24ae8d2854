#include "core/error.h"
#include "engine/arithmetic.h"
#include "engine/choice.h"
#include "voxloom/dense.h"

namespace voxloom {

Tensor dropout(const Tensor& x, float probability, std::uint64_t seed) {
  constexpr std::string_view kOp = "dropout";
  require(x.defined() && x.dtype() == DType::f32, kOp, "expected a tensor of type float32, got {}",
          x.defined() ? name_of(x.dtype()) : "none");
  require(probability >= 0.0F && probability < 1.0F, kOp,
          "the probability should lie in [0, 1), got {}", probability);
  Tensor y = Tensor::empty(x.shape(), DType::f32, x.device());
  engine::run(engine::Dropout{.x = &x, .probability = probability, .seed = seed, .y = &y});
  return y;
}

SparseTensor dropout(const SparseTensor& x, float probability, std::uint64_t seed) {
  return x.with_features(dropout(x.features(), probability, seed));
}

}  // namespace voxloom
