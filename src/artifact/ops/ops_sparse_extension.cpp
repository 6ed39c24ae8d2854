// Our own operations on sparse tensors: what IR v2 has no words for. docs/artifact_extensions.md.
#include <algorithm>

#include "artifact/graph/inference.h"
#include "artifact/ops/op_rows.h"
#include "artifact/run/call.h"
#include "artifact/tiles/reach.h"
#include "core/checked.h"
#include "voxloom/algebra.h"
#include "voxloom/points.h"
#include "voxloom/sets.h"

namespace voxloom::artifact {
namespace {

using enum Range;

// Same element type, stride and channels as the input, other rows.
void infer_same(Inference& i) {
  const Facts& x = i.operand("input");
  i.result(sparse_facts(x.element(), x.channels, x.stride));
}

void infer_cat_of_many(Inference& i) {
  const std::vector<const Facts*> inputs = i.operands("inputs");
  std::int64_t channels = 0;
  std::optional<Triple> stride;
  for (const Facts* x : inputs) {
    if (x->element() != inputs[0]->element()) i.error("the inputs must have one element type");
    if (x->stride && stride && *x->stride != *stride) i.error("the inputs must have one stride");
    if (x->stride) stride = x->stride;
    channels = added_channels(i, channels, x->channels);
  }
  i.result(sparse_facts(inputs[0]->element(), channels, stride));
}
void run_cat_of_many(Call& c) {
  const std::vector<SparseTensor> inputs = c.sparse_list("inputs");
  c.result(cat(inputs, c.choice<Join>("join")));
}

void infer_box(Inference& i) {
  const Triple lo = i.triple("lo");
  const Triple hi = i.triple("hi");
  if (lo.x > hi.x || lo.y > hi.y || lo.z > hi.z) {
    i.error_at("hi", "the box [{}, {}] is inside out", lo, hi);
  }
}
void infer_crop(Inference& i) {
  infer_box(i);
  infer_same(i);
}
void run_crop(Call& c) { c.result(crop(c.sparse("input"), c.triple("lo"), c.triple("hi"))); }

void infer_prune(Inference& i) {
  i.require_shape("rows", {kDynamic}, ElementType::i32);
  infer_same(i);
}
void run_prune(Call& c) {
  c.result(prune(c.sparse("input"), c.tensor("rows").to(Device{}).span<std::int32_t>()));
}

void infer_topk(Inference& i) {
  const std::int64_t channels = i.operand("input").channels;
  if (known(channels) && i.integer("channel") >= channels) {
    i.error_at("channel", "channel {} of {}", i.integer("channel"), channels);
  }
  i.result(tensor_facts({kDynamic}, ElementType::i32));
}
void run_topk(Call& c) {
  const std::vector<std::int32_t> rows =
      topk(c.sparse("input"), c.integer("count"), c.integer("channel"));
  c.result(Tensor::from(rows, {static_cast<std::int64_t>(rows.size())}));
}

// Sets become tensors of one channel, 1 on every row: something to target or to count.
SparseTensor occupancy(const Call& c, const CoordinateSet& set, const SparseTensor& like) {
  return {c.environment().remembered(c.op(), set),
          Tensor::full({set.size(), 1}, like.dtype(), 1, like.features().device()),
          like.batch_size()};
}

void infer_set(Inference& i) {
  i.require_same_stride("lhs", "rhs");
  const Facts& lhs = i.operand("lhs");
  i.result(sparse_facts(lhs.element(), 1, lhs.stride ? lhs.stride : i.operand("rhs").stride));
}
void run_set(Call& c) {
  enum class SetOp : std::uint8_t { unite, intersect, subtract };
  const SparseTensor& lhs = c.sparse("lhs");
  const CoordinateSet& a = lhs.coords();
  const CoordinateSet& b = c.sparse("rhs").coords();
  const auto op = c.choice<SetOp>("op");
  c.result(occupancy(c,
                     op == SetOp::unite       ? union_of(a, b)
                     : op == SetOp::intersect ? intersection_of(a, b)
                                              : difference_of(a, b),
                     lhs));
}

void infer_downsample(Inference& i) {
  i.result(sparse_facts(i.operand("input").element(), 1, multiplied_stride(i)));
}
void run_downsample(Call& c) {
  const SparseTensor& x = c.sparse("input");
  c.result(occupancy(c, downsample(x.coords(), c.triple("stride")), x));
}

void run_sort(Call& c) {
  const SparseTensor& x = c.sparse("input");
  const SortedSet sorted = sort_canonical(x.coords());
  const CoordinateSet set = c.environment().remembered(c.op(), sorted.set);
  const SparseTensor rows = prune(x, sorted.permutation);
  c.result(SparseTensor(set, rows.features(), x.batch_size()));
}

void infer_from_points(Inference& i) {
  i.require_shape("coords", {kDynamic, 4}, ElementType::i32);
  i.require_feature_tensor("features");
  i.require_shape("active", {1}, ElementType::i32);
  const Facts& features = i.operand("features");
  const bool count = i.choice<Reduction>("reduction") == Reduction::count;
  i.result(sparse_facts(features.element(), count ? 1 : features.channels, i.triple("stride")));
  i.result(tensor_facts({kDynamic}, ElementType::i32));
}
void run_from_points(Call& c) {
  const std::vector<Tensor> rows =
      active_rows(c.op().name, c.tensor("active"),
                  {{{"coords", c.tensor("coords")}, {"features", c.tensor("features")}}});
  CoordinateSetOptions options{.stride = c.triple("stride")};
  if (c.integer("batch_size") >= 0) options.batch_size = c.integer("batch_size");
  const Voxelized merged =
      sparse_from_points(rows[0], rows[1], c.choice<Reduction>("reduction"), options);
  c.result(SparseTensor(c.environment().remembered(c.op(), merged.tensor.coords()),
                        merged.tensor.features(), merged.tensor.batch_size()));
  c.result(Tensor::from(merged.row_of_point, {rows[0].dim(0)}));
}

void infer_to_dense(Inference& i) {
  infer_box(i);
  const Triple lo = i.triple("lo");
  const Triple hi = i.triple("hi");
  const Facts& x = i.operand("input");
  const auto extent = [&](int axis) { return std::int64_t{hi[axis]} - lo[axis] + 1; };
  i.result(tensor_facts({kDynamic, extent(0), extent(1), extent(2), x.channels}, x.element()));
}
void run_to_dense(Call& c) {
  c.result(to_dense(c.sparse("input"), c.triple("lo"), c.triple("hi")));
}

void infer_from_dense(Inference& i) {
  i.require_feature_tensor("grid", 5);
  const Facts& grid = i.operand("grid");
  i.result(sparse_facts(grid.element(), grid.channels, i.triple("stride")));
}
void run_from_dense(Call& c) {
  const SparseTensor x = from_dense(c.tensor("grid"), c.triple("lo"), c.triple("stride"));
  c.result(
      SparseTensor(c.environment().remembered(c.op(), x.coords()), x.features(), x.batch_size()));
}

// The same sites, or some of them by where they are.
void reach_of_sites(ReachQuery& q) { q.result(q.on_new_set(q.operand("input"))); }

void reach_of_cat(ReachQuery& q) { reach_of_join(q, {"inputs"}); }
// What is left of one set by another: its rows are numbered anew.
void reach_of_set(ReachQuery& q) {
  reach_of_join(q, {"lhs", "rhs"});
  for (Extent& result : q.results()) result = q.on_new_set(result);
}

void reach_of_downsample(ReachQuery& q) {
  Window window = q.window(Origin::corner);
  for (std::size_t axis = 0; axis < 3; ++axis) window.high[axis] = window.stride[axis] - 1;
  q.result(q.on_new_set(gathered(q.operand("input"), window)));
}

void reach_of_row_numbers(ReachQuery& q) { q.unplaced("picks rows by their numbers"); }
void reach_of_topk(ReachQuery& q) { q.unplaced("compares the voxels of the whole scene"); }
void reach_of_voxel_input(ReachQuery& q) { q.unplaced("takes voxels, not points"); }
void reach_of_dense(ReachQuery& q) { q.unplaced("goes through a dense grid"); }

std::vector<OpSpec> make_sparse_extension_rows() {
  return {
      {.name = "voxloom.sparse.cat",
       .operands = {sparse("inputs", Presence::variadic)},
       .attributes = {join(Join::inner)},
       .results = {ValueKind::sparse},
       .infer = infer_cat_of_many,
       .run = run_cat_of_many,
       .reach = reach_of_cat},
      {.name = "voxloom.sparse.crop",
       .operands = {sparse("input")},
       .attributes = {triple("lo", any), triple("hi", any)},
       .results = {ValueKind::sparse},
       .infer = infer_crop,
       .run = run_crop,
       .reach = reach_of_sites},
      {.name = "voxloom.sparse.prune",
       .operands = {sparse("input"), tensor("rows")},
       .results = {ValueKind::sparse},
       .infer = infer_prune,
       .run = run_prune,
       .reach = reach_of_row_numbers},
      {.name = "voxloom.sparse.topk",
       .operands = {sparse("input")},
       .attributes = {integer("count", positive), integer("channel", non_negative, 0)},
       .results = {ValueKind::tensor},
       .infer = infer_topk,
       .run = run_topk,
       .reach = reach_of_topk},
      {.name = "voxloom.sparse.set",
       .operands = {sparse("lhs"), sparse("rhs")},
       .attributes = {one_of("op", "voxloom.set_op", {"union", "intersection", "difference"},
                             "union")},
       .results = {ValueKind::sparse},
       .infer = infer_set,
       .run = run_set,
       .reach = reach_of_set},
      {.name = "voxloom.sparse.downsample",
       .operands = {sparse("input")},
       .attributes = {triple("stride", positive)},
       .results = {ValueKind::sparse},
       .infer = infer_downsample,
       .run = run_downsample,
       .reach = reach_of_downsample},
      {.name = "voxloom.sparse.sort",
       .operands = {sparse("input")},
       .results = {ValueKind::sparse},
       .infer = infer_same,
       .run = run_sort,
       .reach = reach_of_sites},
      {.name = "voxloom.sparse.from_points",
       .operands = {tensor("coords"), tensor("features"), tensor("active")},
       .attributes = {one_of("reduction", Reduction::mean), triple("stride", positive, 1),
                      integer("batch_size", minus_one_or_more, -1)},
       .results = {ValueKind::sparse, ValueKind::tensor},
       .infer = infer_from_points,
       .run = run_from_points,
       .reach = reach_of_voxel_input},
      {.name = "voxloom.to_dense",
       .operands = {sparse("input")},
       .attributes = {triple("lo", any), triple("hi", any)},
       .results = {ValueKind::tensor},
       .infer = infer_to_dense,
       .run = run_to_dense,
       .reach = reach_of_dense},
      {.name = "voxloom.from_dense",
       .operands = {tensor("grid")},
       .attributes = {triple("lo", any, 0), triple("stride", positive, 1)},
       .results = {ValueKind::sparse},
       .infer = infer_from_dense,
       .run = run_from_dense,
       .reach = reach_of_dense},
  };
}

}  // namespace

std::span<const OpSpec> sparse_extension_ops() {
  static const std::vector<OpSpec> rows = make_sparse_extension_rows();
  return rows;
}

}  // namespace voxloom::artifact
