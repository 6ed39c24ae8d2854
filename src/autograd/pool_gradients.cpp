#include "autograd/pool_gradients.h"

#include "engine/choice.h"
#include "engine/pools.h"
#include "engine/spread.h"
#include "ops/arithmetic.h"

namespace voxloom::autograd {

Tensor MapSum::gradient(const Tensor& dy) const { return sum(map.swapped(), spread(dy)); }

Tensor MapSum::sum(const KernelMap& over, const Tensor& x) const {
  Tensor y = Tensor::empty({over.target().size(), x.dim(1)}, x.dtype(), x.device());
  engine::run(engine::PoolSum{.map = over, .x = &x, .offset_weights = offset_weights, .y = &y});
  return y;
}

// dy divided by the weight that was present.
Tensor MapSum::spread(const Tensor& dy) const {
  if (!mean) return dy;
  const Tensor present =
      sum(map, Tensor::full({map.source().size(), 1}, DType::f32, 1.0F, dy.device()));
  Tensor result = float_like(dy);
  engine::run(engine::SpreadRows{.x = &dy, .divisors = &present, .y = &result});
  return result;
}

Tensor winners_of(const KernelMap& map, const Tensor& x) {
  Tensor winners = Tensor::empty({map.target().size(), x.dim(1)}, DType::i32, x.device());
  engine::run(engine::PoolMaxWinners{.map = map, .x = &x, .winners = &winners});
  return winners;
}

Tensor scatter_to_winners(const KernelMap& map, const Tensor& x, const Tensor& dy) {
  const Tensor winners = winners_of(map, x);
  const KernelMap swapped = map.swapped();
  Tensor dx = Tensor::empty(x.shape(), dy.dtype(), x.device());
  engine::run(
      engine::PoolMaxScatter{.swapped_map = swapped, .winners = &winners, .dy = &dy, .y = &dx});
  return dx;
}

Tensor gather_from_winners(const KernelMap& map, const Tensor& x, const Tensor& dy) {
  const Tensor winners = winners_of(map, x);
  Tensor result = float_like(winners);
  engine::run(engine::GatherChosen{.x = &dy, .chosen = &winners, .y = &result});
  return result;
}

}  // namespace voxloom::autograd
