// Dropout, embedding look-up and dense grids.

#include "autograd/tape.h"
#include "autograd/trace.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/rows.h"
#include "engine/segments.h"
#include "ops/arithmetic.h"
#include "ops/grid_cells.h"
#include "voxloom/autograd_ops.h"

namespace voxloom::autograd {
Variable dropout(const Variable& x, float probability, std::uint64_t seed) {
  const auto gradient = [probability, seed](const Tensor& dy, GradientSink& to) {
    to.add(0, voxloom::dropout(dy, probability, seed));
  };
  return record(Operation::dropout, like(x, voxloom::dropout(x.value(), probability, seed)), {&x},
                {}, gradient);
}

Variable embedding_lookup(const Tensor& indices, const Variable& table) {
  const Tensor y = voxloom::embedding_lookup(indices, table.value());
  const auto gradient = [indices, shape = table.value().shape()](const Tensor& dy,
                                                                 GradientSink& to) {
    Tensor sums = Tensor::empty(shape, DType::f32, dy.device());
    const Tensor on_host = indices.to(Device{});
    const Segments readers = group_rows(on_host.span<std::int32_t>(), shape[0]);
    const Tensor rows = dy.reshape({indices.size(), shape[1]});
    engine::run(engine::SegmentReduce{
        .segments = &readers, .reduction = Reduction::sum, .x = &rows, .y = &sums});
    to.add(0, sums);
  };
  return record(Operation::embedding_lookup, Variable(y), {&table}, {}, gradient);
}

Variable to_dense(const Variable& x, Triple lo, Triple hi) {
  if (x.is_symbolic()) return trace({"to_dense", {{"input", x}}, {{"lo", lo}, {"hi", hi}}});
  const auto gradient = [set = x.coords(), lo](const Tensor& dy, GradientSink& to) {
    // Rows outside the box were not in the grid.
    const std::vector<std::int64_t> cells = cells_of(set, lo, dy.shape());
    Tensor dx = Tensor::empty({set.size(), dy.dim(4)}, DType::f32, dy.device());
    engine::run(engine::GatherFromGrid{.grid = &dy, .cells = cells, .y = &dx});
    to.add(0, std::move(dx));
  };
  return record(Operation::to_dense, Variable(voxloom::to_dense(x.tensor(), lo, hi)), {&x}, {},
                gradient);
}

}  // namespace voxloom::autograd
