// Pooling and resampling. Pools of the format have the strided support and the centered origin, their transposes
// the corner origin.
#include <algorithm>

#include "artifact/graph/inference.h"
#include "artifact/ops/op_rows.h"
#include "artifact/run/call.h"
#include "artifact/tiles/reach.h"
#include "core/checked.h"
#include "voxloom/pool.h"

namespace voxloom::artifact {
namespace {

using enum Range;

void finish_pool(Inference& i, std::optional<Triple> stride) {
  const Facts& x = i.operand("input");
  if (const Facts* target = i.maybe("target");
      target && target->stride && stride && *target->stride != *stride) {
    i.error("the target has stride {}, the result has stride {}", *target->stride, *stride);
  }
  i.result(sparse_facts(x.element(), x.channels, stride));
}

void infer_pool(Inference& i) { finish_pool(i, multiplied_stride(i)); }
void infer_transposed_pool(Inference& i) { finish_pool(i, divided_stride(i)); }

void infer_unpool(Inference& i) {
  const Facts& x = i.operand("input");
  const Facts& pooled = i.operand("pooled");
  i.require_same_element("input", "pooled");
  if (!may_equal(x.channels, pooled.channels)) {
    i.error("input has {} channels, pooled has {}", x.channels, pooled.channels);
  }
  const std::optional<Triple> coarse = multiplied_stride(i);
  if (coarse && pooled.stride && *coarse != *pooled.stride) {
    i.error("pooled has stride {}, pooling the input gives {}", *pooled.stride, *coarse);
  }
  i.result(sparse_facts(x.element(), x.channels, x.stride));
}

void infer_global(Inference& i) {
  const Facts& x = i.operand("input");
  i.result(tensor_facts({i.integer("batch_size"), x.channels}, x.element()));
}

Target pool_target_of(const Call& c) {
  const SparseTensor* target = c.maybe_sparse("target");
  return target == nullptr ? Target{} : Target{*target};
}

PoolOptions pool_options(const Call& c) {
  PoolOptions options{.kernel_size = c.triple("kernel_size"),
                      .stride = c.triple("stride"),
                      .padding = c.triple("padding"),
                      .dilation = c.triple("dilation")};
  if (c.has("mode")) options.mode = c.choice<PoolMode>("mode");
  if (c.has("origin")) options.origin = c.choice<Origin>("origin");
  return options;
}

void run_pool(Call& c) { c.result(pool3d(c.sparse("input"), pool_options(c))); }
void run_unpool(Call& c) {
  c.result(max_unpool3d(c.sparse("input"), c.sparse("pooled"), pool_options(c)));
}
void run_transposed_pool(Call& c) {
  c.result(pool_transpose3d(c.sparse("input"), {.kernel_size = c.triple("kernel_size"),
                                                .stride = c.triple("stride"),
                                                .padding = c.triple("padding"),
                                                .dilation = c.triple("dilation"),
                                                .target = pool_target_of(c)}));
}
void run_upsample(Call& c) {
  c.result(trilinear_upsample3d(c.sparse("input"),
                                {.stride = c.triple("stride"), .target = pool_target_of(c)}));
}

// A batch size that the graph states rules over the one the data have.
SparseTensor with_batches(const Call& c, const SparseTensor& x, std::int64_t batches) {
  if (batches < 0 || batches == x.batch_size()) return x;
  if (batches > x.batch_size()) return {x.coords(), x.features(), batches};
  const auto rows = x.coords().rows();
  const auto beyond =
      std::ranges::find_if(rows, [&](const Coordinate& row) { return row.batch >= batches; });
  require(beyond == rows.end(), c.op().name, "batch_size is {}, but there is a row of batch {}",
          batches, beyond == rows.end() ? 0 : beyond->batch);
  return {CoordinateSet::from_rows(rows,
                                   {.stride = x.stride(), .batch_size = batches, .trusted = true}),
          x.features()};
}

void run_global(Call& c) {
  const SparseTensor x = with_batches(c, c.sparse("input"), c.integer("batch_size"));
  c.result(global_pool(x, c.choice<PoolMode>("mode")));
}

void reach_of_pool(ReachQuery& q) {
  q.result(q.on_new_set(gathered(q.operand("input"), q.window(Origin::centered))));
}

// A value goes back to the row it came from: the row looks at its windows, and at all they look at.
void reach_of_unpool(ReachQuery& q) {
  const Window window = q.window(Origin::centered);
  Extent pooled = gathered(q.operand("input"), window);
  if (!on_one_grid(pooled, q.operand("pooled"))) return q.unplaced("pooled on another grid");
  widen(pooled, q.operand("pooled"));
  Extent result = spread(pooled, window);
  result.set = q.operand("input").set;
  q.result(result);
}

void finish_transposed(ReachQuery& q, Extent result) {
  if (!q.has_operand("target")) return q.result(q.on_new_set(result));
  const Extent& target = q.operand("target");
  if (!on_one_grid(target, result)) return q.unplaced("has a target on another grid");
  widen(result, target);
  result.set = target.set;
  q.result(result);
}

void reach_of_transposed_pool(ReachQuery& q) {
  finish_transposed(q, spread(q.operand("input"), q.window(Origin::corner)));
}

// Shifts from 1 - stride to stride - 1: trilinear_geometry() in ops/pool_transpose3d.cpp.
void reach_of_upsample(ReachQuery& q) {
  Window window = q.window(Origin::corner);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    window.low[axis] = 1 - window.stride[axis];
    window.high[axis] = window.stride[axis] - 1;
  }
  finish_transposed(q, spread(q.operand("input"), window));
}

void reach_of_global(ReachQuery& q) { q.unplaced("looks at the whole scene"); }

std::vector<AttributeSpec> window() {
  return {triple("kernel_size", positive, 2), triple("stride", positive, 2),
          triple("padding", non_negative, 0), triple("dilation", positive, 1)};
}

AttributeSpec mode(PoolMode fallback) { return one_of("mode", fallback); }

// --- in the words of IR v2: its pool is centered, which is the same thing where all sizes are even or 1 ---

std::optional<PlainForm> plain_pool(const OpView& v) {
  const auto is_same = [](std::int64_t size) { return size % 2 == 0 || size == 1; };
  const Triple size = v.triple("kernel_size");
  const bool is_plain = v.choice<Origin>("origin") == Origin::centered ||
                        (is_same(size.x) && is_same(size.y) && is_same(size.z));
  if (!is_plain) return std::nullopt;
  return PlainForm{"lattice.pool3d",
                   {{"kernel_size", size},
                    {"stride", v.triple("stride")},
                    {"padding", v.triple("padding")},
                    {"dilation", v.triple("dilation")},
                    {"mode", schema::word_of(v.choice<PoolMode>("mode"))}}};
}

std::vector<OpSpec> make_pool_rows() {
  std::vector<AttributeSpec> pool_attributes = window();
  pool_attributes.insert(pool_attributes.begin(), mode(PoolMode::max));
  std::vector<AttributeSpec> own_attributes = pool_attributes, unpool_attributes = window();
  own_attributes.push_back(one_of("origin", Origin::centered));
  unpool_attributes.push_back(one_of("origin", Origin::centered));
  return {
      {.name = "lattice.pool3d",
       .operands = {sparse("input")},
       .attributes = pool_attributes,
       .results = {ValueKind::sparse},
       .infer = infer_pool,
       .run = run_pool,
       .reach = reach_of_pool},
      {.name = "voxloom.pool3d",
       .operands = {sparse("input")},
       .attributes = own_attributes,
       .results = {ValueKind::sparse},
       .infer = infer_pool,
       .run = run_pool,
       .reach = reach_of_pool,
       .plain = plain_pool},
      {.name = "voxloom.max_unpool3d",
       .operands = {sparse("input"), sparse("pooled")},
       .attributes = unpool_attributes,
       .results = {ValueKind::sparse},
       .infer = infer_unpool,
       .run = run_unpool,
       .reach = reach_of_unpool},
      {.name = "lattice.pool_transpose3d",
       .operands = {sparse("input"), sparse("target", Presence::optional)},
       .attributes = window(),
       .results = {ValueKind::sparse},
       .infer = infer_transposed_pool,
       .run = run_transposed_pool,
       .reach = reach_of_transposed_pool},
      {.name = "lattice.trilinear_upsample3d",
       .operands = {sparse("input"), sparse("target", Presence::optional)},
       .attributes = {triple("stride", positive, 2)},
       .results = {ValueKind::sparse},
       .infer = infer_transposed_pool,
       .run = run_upsample,
       .reach = reach_of_upsample},
      {.name = "lattice.global_pool",
       .operands = {sparse("input")},
       .attributes = {mode(PoolMode::avg), integer("batch_size", minus_one_or_more, -1)},
       .results = {ValueKind::tensor},
       .infer = infer_global,
       .run = run_global,
       .reach = reach_of_global},
  };
}

}  // namespace

std::span<const OpSpec> pool_ops() {
  static const std::vector<OpSpec> rows = make_pool_rows();
  return rows;
}

}  // namespace voxloom::artifact
