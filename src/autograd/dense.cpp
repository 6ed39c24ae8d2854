// Dropout, embedding look-up and dense grids.

#include <cmath>

#include "autograd/loops.h"
#include "autograd/tape.h"
#include "core/error.h"
#include "core/random.h"
#include "engine/choice.h"
#include "engine/segments.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
namespace {

// Which elements stay is worked out anew each time: nothing is kept but the seed.
Tensor dropped(const Tensor& x, float probability, std::uint64_t seed) {
  Tensor y = Tensor::empty(x.shape(), DType::f32);
  const float* from = x.data<float>();
  float* to = y.mutable_data<float>();
  const float gain = 1.0F / (1.0F - probability);
  for_ranges(x.size(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const bool stays = Random::at(seed, static_cast<std::uint64_t>(i)).uniform() >= probability;
      to[i] = stays ? from[i] * gain : 0.0F;
    }
  });
  return y;
}

// The cells of a (B, X, Y, Z, C) grid back to the rows of a set; rows outside were not in it.
Tensor rows_of_grid(const Tensor& grid, const CoordinateSet& set, const Triple& lo) {
  const Shape& shape = grid.shape();
  const std::int64_t channels = shape[4];
  Tensor rows = Tensor::empty({set.size(), channels}, DType::f32);
  const float* from = grid.data<float>();
  float* to = rows.mutable_data<float>();
  for_rows(set.size(), channels, [&](std::int64_t row) {
    const Coordinate& c = set[row];
    const std::int64_t x = std::int64_t{c.x} - lo.x, y = std::int64_t{c.y} - lo.y,
                       z = std::int64_t{c.z} - lo.z;
    if (x < 0 || x >= shape[1] || y < 0 || y >= shape[2] || z < 0 || z >= shape[3]) {
      std::fill_n(to + row * channels, channels, 0.0F);
      return;
    }
    const std::int64_t cell = ((c.batch * shape[1] + x) * shape[2] + y) * shape[3] + z;
    std::copy_n(from + cell * channels, channels, to + row * channels);
  });
  return rows;
}

}  // namespace

Variable dropout(const Variable& x, float probability, std::uint64_t seed) {
  require(probability >= 0.0F && probability < 1.0F, "dropout",
          "the probability should lie in [0, 1), got {}", probability);
  const auto gradient = [probability, seed](const Tensor& dy, GradientSink& to) {
    to.add(0, dropped(dy, probability, seed));
  };
  return record(Operation::dropout, like(x, dropped(x.value(), probability, seed)), {&x}, {},
                gradient);
}

Variable embedding_lookup(const Tensor& indices, const Variable& table) {
  const Tensor y = voxloom::embedding_lookup(indices, table.value());
  const auto gradient = [indices, shape = table.value().shape()](const Tensor& dy,
                                                                 GradientSink& to) {
    Tensor sums = Tensor::empty(shape, DType::f32);
    const Segments readers = group_rows(indices.span<std::int32_t>(), shape[0]);
    const Tensor rows = dy.reshape({indices.size(), shape[1]});
    engine::run(engine::SegmentReduce{
        .segments = &readers, .reduction = Reduction::sum, .x = &rows, .y = &sums});
    to.add(0, sums);
  };
  return record(Operation::embedding_lookup, Variable(y), {&table}, {}, gradient);
}

Variable to_dense(const Variable& x, Triple lo, Triple hi) {
  const auto gradient = [set = x.coords(), lo](const Tensor& dy, GradientSink& to) {
    to.add(0, rows_of_grid(dy, set, lo));
  };
  return record(Operation::to_dense, Variable(voxloom::to_dense(x.tensor(), lo, hi)), {&x}, {},
                gradient);
}

}  // namespace voxloom::autograd
