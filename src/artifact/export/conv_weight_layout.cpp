#include "artifact/export/conv_weight_layout.h"

#include "core/checked.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/weights.h"

namespace voxloom::artifact {
namespace {

// (K, G, I, O) as (G*O, K, I).
Tensor channels_first(const Tensor& weight) {
  const std::int64_t volume = weight.dim(0), groups = weight.dim(1);
  const std::int64_t in = weight.dim(2), out = weight.dim(3);
  Tensor result = Tensor::empty({groups * out, volume, in}, weight.dtype(), weight.device());
  engine::run(engine::TurnWeight{.from = &weight, .to = &result});
  return result;
}

// Every layout but the 5-D one as (K, G, I, O); (O, I) is left to the caller.
Tensor grouped(const Tensor& weight) {
  switch (weight.rank()) {
    case 4: return weight;
    case 3: return weight.reshape({weight.dim(0), 1, weight.dim(1), weight.dim(2)});
    default: return weight.reshape({weight.dim(0), weight.dim(1), 1, 1});  // depthwise
  }
}

}  // namespace

Tensor as_box_weight(const Tensor& weight, Triple kernel_size, std::int32_t groups) {
  const Triple& k = kernel_size;
  const std::int64_t volume = checked_product("conv_weight", {k.x, k.y, k.z});
  const std::size_t rank = weight.rank();
  require(weight.defined() && rank >= 2 && rank <= 5 && weight.size() > 0, "conv_weight",
          "{} is no convolution weight", weight.shape());
  const auto check = [&](bool fits) {
    require(fits, "conv_weight", "weight {} does not match kernel_size {} and {} groups",
            weight.shape(), kernel_size, groups);
  };
  if (rank == 5) {
    check(weight.dim(1) == k.x && weight.dim(2) == k.y && weight.dim(3) == k.z);
    return weight;
  }
  if (rank == 2 && groups == 1) {
    check(volume == 1);
    return weight.reshape({weight.dim(0), 1, 1, 1, weight.dim(1)});
  }
  const Tensor kernel_major = grouped(weight);
  check(kernel_major.dim(0) == volume && kernel_major.dim(1) == groups);
  const Tensor rows = channels_first(kernel_major);
  return rows.reshape({rows.dim(0), k.x, k.y, k.z, rows.dim(2)});
}

}  // namespace voxloom::artifact
