// Pools over maps and reductions over segments, with their gradients, on rows of features.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <string>
#include <vector>

#include "autograd/pool_gradients.h"
#include "autograd/segment_gradient.h"
#include "bindings.h"
#include "calls.h"
#include "coords/segments.h"
#include "core/error.h"
#include "engine/choice.h"
#include "engine/pools.h"
#include "engine/segments.h"
#include "ops/dense_arguments.h"
#include "words.h"

namespace voxloom::python {
namespace {

// --- pools ---

Tensor pooled_by(const KernelMap& map, PoolMode mode, std::span<const float> offset_weights,
                 const Tensor& x) {
  Tensor y = Tensor::empty({map.target().size(), x.dim(1)}, x.dtype());
  if (mode == PoolMode::max) {
    engine::run(engine::PoolMax{.map = map, .x = &x, .y = &y});
  } else {
    engine::run(engine::PoolSum{.map = map,
                                .x = &x,
                                .offset_weights = offset_weights,
                                .mean = mode == PoolMode::avg,
                                .y = &y});
  }
  return y;
}

void check_side(std::string_view op, std::string_view name, const Tensor& x,
                const CoordinateSet& set) {
  check_matrix(op, x);
  require(x.dim(0) == set.size(), op, "{}: expected {} rows, as the map's set has, got shape {}",
          name, set.size(), x.shape());
}

// float32, one per offset; or none.
Tensor weights_of(std::string_view op, nb::handle array, const KernelMap& map, PoolMode mode) {
  Tensor weights = borrow_or_none(array, {op, "offset_weights"});
  if (!weights.defined()) return weights;
  require(mode != PoolMode::max, op, "offset_weights go with modes 'sum' and 'avg'");
  require(weights.dtype() == DType::f32 && weights.rank() == 1 && weights.dim(0) == map.volume(),
          op, "offset_weights: expected shape ({}) and float32, got {}", map.volume(), weights);
  return weights;
}
std::span<const float> span_of(const Tensor& weights) {
  return weights.defined() ? weights.span<float>() : std::span<const float>();
}

nb::object pool(nb::handle x_array, const KernelMap& map, const std::string& mode,
                nb::handle offset_weights) {
  constexpr std::string_view kOp = "pool";
  const Tensor x = borrow(x_array, {kOp, "x"});
  const auto how = choice_of<PoolMode>(mode, {kOp, "mode"});
  const Tensor weights = weights_of(kOp, offset_weights, map, how);
  check_side(kOp, "x", x, map.source());
  return hand_out(released([&] { return pooled_by(map, how, span_of(weights), x); }), x_array);
}

nb::object pool_gradient(nb::handle dy_array, const KernelMap& map, const std::string& mode,
                         nb::handle x_array, nb::handle offset_weights) {
  constexpr std::string_view kOp = "pool_gradient";
  const Tensor dy = borrow(dy_array, {kOp, "dy"});
  const auto how = choice_of<PoolMode>(mode, {kOp, "mode"});
  const Tensor weights = weights_of(kOp, offset_weights, map, how);
  check_side(kOp, "dy", dy, map.target());
  require(how != PoolMode::avg || dy.dtype() == DType::f32, kOp,
          "mode 'avg' takes a float32 dy, got {}", dy);
  if (how != PoolMode::max) {
    const auto given = span_of(weights);
    const autograd::MapSum sum{map, {given.begin(), given.end()}, how == PoolMode::avg};
    return hand_out(released([&] { return sum.gradient(dy); }), dy_array);
  }
  require(!x_array.is_none(), kOp, "mode 'max' needs x, which says who won");
  const Tensor x = borrow(x_array, {kOp, "x"});
  check_side(kOp, "x", x, map.source());
  require(x.dim(1) == dy.dim(1), kOp, "x has {} channels, dy has {}", x.dim(1), dy.dim(1));
  return hand_out(released([&] { return autograd::scatter_to_winners(map, x, dy); }), dy_array);
}

nb::object max_winners(nb::handle x_array, const KernelMap& map) {
  const Tensor x = borrow(x_array, {"max_winners", "x"});
  check_side("max_winners", "x", x, map.source());
  return hand_out(released([&] { return autograd::winners_of(map, x); }), x_array);
}

struct Unpool {
  Tensor x, pooled;

  Unpool(std::string_view op, nb::handle x_array, nb::handle pooled_array, const KernelMap& map)
      : x(borrow(x_array, {op, "x"})), pooled(borrow(pooled_array, {op, "pooled"})) {
    check_side(op, "x", x, map.source());
    check_side(op, "pooled", pooled, map.target());
    require(x.dim(1) == pooled.dim(1) && x.dtype() == pooled.dtype(), op, "x is {}, pooled is {}",
            x, pooled);
  }
};

nb::object max_unpool(nb::handle x_array, nb::handle pooled_array, const KernelMap& map) {
  const Unpool a("max_unpool", x_array, pooled_array, map);
  return hand_out(released([&] { return autograd::scatter_to_winners(map, a.x, a.pooled); }),
                  x_array);
}

nb::object max_unpool_gradient(nb::handle x_array, nb::handle dy_array, const KernelMap& map) {
  constexpr std::string_view kOp = "max_unpool_gradient";
  const Tensor x = borrow(x_array, {kOp, "x"}), dy = borrow(dy_array, {kOp, "dy"});
  check_side(kOp, "x", x, map.source());
  require(dy.shape() == x.shape() && dy.dtype() == DType::f32, kOp, "x is {}, dy is {}", x, dy);
  return hand_out(released([&] { return autograd::gather_from_winners(map, x, dy); }), dy_array);
}

// --- segments ---

// Row i of the rows belongs to segment segments[i], or to none when that is -1.
struct Grouping {
  Tensor rows;
  std::span<const std::int32_t> segment_of_row;

  Grouping(std::string_view op, nb::handle segments, std::int64_t count)
      : rows(borrow(segments, {op, "segments"})) {
    segment_of_row = rows_in(rows, {op, "segments"});
    require(count >= 0, op, "count: expected no negative number, got {}", count);
    for (std::size_t i = 0; i < segment_of_row.size(); ++i) {
      require(segment_of_row[i] >= -1 && segment_of_row[i] < count, op,
              "segments: row {} has {}, there are {}", i, segment_of_row[i], count);
    }
  }
};

Reduction reduction_of(std::string_view op, const std::string& mode) {
  const auto reduction = choice_of<Reduction>(mode, {op, "mode"});
  require(reduction != Reduction::count, op,
          "mode: expected 'sum', 'mean', 'max' or 'first', got 'count'");
  return reduction;
}

nb::object segment_reduce(nb::handle x_array, nb::handle segments, std::int64_t count,
                          const std::string& mode) {
  constexpr std::string_view kOp = "segment_reduce";
  const Tensor x = borrow(x_array, {kOp, "x"});
  const Grouping grouping(kOp, segments, count);
  const Reduction reduction = reduction_of(kOp, mode);
  check_matrix(kOp, x);
  require(x.dim(0) == grouping.rows.size(), kOp, "x has {} rows, segments has {}", x.dim(0),
          grouping.rows.size());
  return hand_out(released([&] {
                    const Segments grouped = group_rows(grouping.segment_of_row, count);
                    Tensor y = Tensor::empty({count, x.dim(1)}, x.dtype());
                    engine::run(engine::SegmentReduce{
                        .segments = &grouped, .reduction = reduction, .x = &x, .y = &y});
                    return y;
                  }),
                  x_array);
}

nb::object segment_gradient(nb::handle dy_array, nb::handle segments, std::int64_t count,
                            const std::string& mode, nb::handle x_array) {
  constexpr std::string_view kOp = "segment_gradient";
  const Tensor dy = borrow(dy_array, {kOp, "dy"}), x = borrow_or_none(x_array, {kOp, "x"});
  const Grouping grouping(kOp, segments, count);
  const Reduction reduction = reduction_of(kOp, mode);
  check_matrix(kOp, dy);
  require(dy.dim(0) == count && dy.dtype() == DType::f32, kOp,
          "dy: expected ({},C) float32, got {}", count, dy);
  require(
      reduction != Reduction::max || (x.defined() && x.rank() == 2 &&
                                      x.dim(0) == grouping.rows.size() && x.dim(1) == dy.dim(1)),
      kOp, "mode 'max' needs x, which says who won, of shape ({},{}), got {}", grouping.rows.size(),
      dy.dim(1), x);
  return hand_out(
      released([&] {
        return autograd::SegmentGradient{
            .reduction = reduction,
            .segment_of_row = {grouping.segment_of_row.begin(), grouping.segment_of_row.end()},
            .segments = count,
            .features = x}(dy);
      }),
      dy_array);
}

}  // namespace

void bind_reductions(nb::module_& m) {
  m.def("pool", pool, nb::arg("x"), nb::arg("map"), nb::arg("mode") = "max",
        nb::arg("offset_weights") = nb::none(),
        "(N_out, C) of x's dtype: sum, mean ('avg') or maximum over the map's entries of each "
        "output row.\n\n"
        "A row without entries is 0; a NaN wins a maximum, ties go to the lowest input row.\n"
        "offset_weights: (K) float32, sum w_k x / sum w_k for 'avg'.");
  m.def("pool_gradient", pool_gradient, nb::arg("dy"), nb::arg("map"), nb::arg("mode") = "max",
        nb::arg("x") = nb::none(), nb::arg("offset_weights") = nb::none(),
        "(N_in, C): what pool gives back. x is needed for 'max'.");
  m.def("max_winners", max_winners, nb::arg("x"), nb::arg("map"),
        "(N_out, C) int32: the input row that wins each element of pool(x, map, 'max'); -1 without "
        "entries.");
  m.def("max_unpool", max_unpool, nb::arg("x"), nb::arg("pooled"), nb::arg("map"),
        "(N_in, C): pooled at the rows of x that won it; several wins are summed, none is 0.");
  m.def("max_unpool_gradient", max_unpool_gradient, nb::arg("x"), nb::arg("dy"), nb::arg("map"),
        "(N_out, C) float32: what max_unpool gives back to pooled.");
  m.def("segment_reduce", segment_reduce, nb::arg("x"), nb::arg("segments"), nb::arg("count"),
        nb::arg("mode") = "sum",
        "(count, C) of x's dtype: rows of x with the same segment, reduced by 'sum', 'mean', 'max' "
        "or 'first'.\n\n"
        "segments: (N) int32 in [0, count), or -1 for a row that is left out. Sums are binary64, "
        "rounded once; an\n"
        "empty segment is 0.");
  m.def("segment_gradient", segment_gradient, nb::arg("dy"), nb::arg("segments"), nb::arg("count"),
        nb::arg("mode") = "sum", nb::arg("x") = nb::none(),
        "(N, C): what segment_reduce gives back. x is needed for 'max'.");
}

}  // namespace voxloom::python
