// Weights, the boundary between arrays and sparse tensors, and the algebra of sparse tensors.
#include <limits>

#include "artifact/graph/inference.h"
#include "artifact/ops/op_rows.h"
#include "artifact/run/call.h"
#include "artifact/tiles/reach.h"
#include "core/checked.h"
#include "voxloom/algebra.h"

namespace voxloom::artifact {
namespace {

using enum Range;

void infer_make(Inference& i) {
  i.require_shape("coords", {kDynamic, 4}, ElementType::i32);
  i.require_feature_tensor("features");
  i.require_shape("active", {1}, ElementType::i32);
  const Facts& features = i.operand("features");
  i.result(sparse_facts(features.element(), features.channels, i.triple("stride")));
}

// Where divided coordinates come from: rows of physical ones.
Tensor divided(const Call& c, const Tensor& rows, Triple stride) {
  if (stride == Triple(1) || !c.environment().physical_coordinates()) return rows;
  Tensor result = Tensor::empty(rows.shape(), DType::i32);
  const Tensor physical = rows.to(Device{});
  const auto from = physical.span<std::int32_t>();
  const auto to = result.mutable_span<std::int32_t>();
  for (std::size_t k = 0; k < from.size(); ++k) {
    const auto axis = static_cast<int>(k % 4) - 1;
    const std::int32_t by = axis < 0 ? 1 : stride[axis];
    if (from[k] % by != 0) {
      const std::size_t row = k / 4;
      fail(
          c.op().name,
          "row {} ({},{},{},{}) is not divisible by the stride {}: coordinates at the boundary are "
          "physical (lattice coordinate times stride), unless they are read as logical ones",
          row, from[row * 4], from[row * 4 + 1], from[row * 4 + 2], from[row * 4 + 3], stride);
    }
    to[k] = from[k] / by;
  }
  return result;
}

void run_make(Call& c) {
  const std::vector<Tensor> rows =
      active_rows(c.op().name, c.tensor("active"),
                  {{{"coords", c.tensor("coords")}, {"features", c.tensor("features")}}});
  CoordinateSetOptions options{.stride = c.triple("stride")};
  if (c.has("batch_size") && c.integer("batch_size") >= 0) {
    options.batch_size = c.integer("batch_size");
  }
  const CoordinateSet set =
      c.environment().remembered(c.op(), divided(c, rows[0], options.stride), options);
  c.result(SparseTensor(set, rows[1], options.batch_size.value_or(0)));
}

void infer_decompose(Inference& i) {
  const Facts& x = i.operand("input");
  i.result(tensor_facts({kDynamic, 4}, ElementType::i32));
  i.result(tensor_facts({kDynamic, x.channels}, x.element()));
  i.result(tensor_facts({1}, ElementType::i32));
}

Tensor multiplied(const Call& c, const CoordinateSet& set) {
  Tensor rows = set.to_tensor();
  const Triple stride = set.stride();
  if (stride == Triple(1) || !c.environment().physical_coordinates()) return rows;
  const auto values = rows.mutable_span<std::int32_t>();
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto axis = static_cast<int>(k % 4) - 1;
    if (axis < 0) continue;
    const std::int64_t physical = std::int64_t{values[k]} * stride[axis];
    require(fits_int32(physical), c.op().name,
            "row {}: {} times the stride {} does not fit 32 bits", k / 4, values[k], stride[axis]);
    values[k] = static_cast<std::int32_t>(physical);
  }
  return rows;
}

void run_decompose(Call& c) {
  const SparseTensor& x = c.sparse("input");
  const auto rows = static_cast<std::int32_t>(x.rows());
  c.result(c.wants(0) ? multiplied(c, x.coords()) : Tensor{});
  c.result(x.features());
  c.result(Tensor::from(std::vector<std::int32_t>{rows}, {1}));
}

void infer_with_features(Inference& i) {
  i.require_feature_tensor("features");
  const Facts& features = i.operand("features");
  i.result(sparse_facts(features.element(), features.channels, i.operand("input").stride));
}

// The features may stand in a buffer that is longer than its content, like the coordinates'.
void run_with_features(Call& c) {
  const SparseTensor& x = c.sparse("input");
  const Tensor& features = c.tensor("features");
  require(features.dim(0) >= x.rows(), c.op().name, "{} rows of features for {} rows",
          features.dim(0), x.rows());
  c.result(x.with_features(features.rows(0, x.rows())));
}

void infer_reindex(Inference& i) {
  const Facts& x = i.operand("input");
  i.require_same_stride("input", "target");
  i.result(sparse_facts(x.element(), x.channels, x.stride));
}

void run_reindex(Call& c) {
  c.result(reindex(c.sparse("input"), c.sparse("target").coords(), c.real("fill")));
}

void infer_binary(Inference& i) {
  const Facts& lhs = i.operand("lhs");
  const Facts& rhs = i.operand("rhs");
  i.require_same_element("lhs", "rhs");
  i.require_same_stride("lhs", "rhs");
  if (!may_equal(lhs.channels, rhs.channels)) {
    i.error("lhs has {} channels, rhs has {}", lhs.channels, rhs.channels);
  }
  i.result(sparse_facts(lhs.element(), known(lhs.channels) ? lhs.channels : rhs.channels,
                        lhs.stride ? lhs.stride : rhs.stride));
}

void run_binary(Call& c) {
  c.result(binary(c.choice<BinaryOp>("op"), c.sparse("lhs"), c.sparse("rhs"),
                  {.join = c.choice<Join>("join"),
                   .lhs_fill = c.real("lhs_fill"),
                   .rhs_fill = c.real("rhs_fill")}));
}

void infer_cat(Inference& i) {
  const Facts& lhs = i.operand("lhs");
  const Facts& rhs = i.operand("rhs");
  i.require_same_element("lhs", "rhs");
  i.require_same_stride("lhs", "rhs");
  i.result(sparse_facts(lhs.element(), added_channels(i, lhs.channels, rhs.channels),
                        lhs.stride ? lhs.stride : rhs.stride));
}

void run_cat(Call& c) {
  const std::array<SparseTensor, 2> both = {c.sparse("lhs"), c.sparse("rhs")};
  c.result(cat(both, c.choice<Join>("join")));
}

// The scene is given as voxels: there are no points to cut it by.
void reach_of_make(ReachQuery& q) { q.unplaced("takes voxels, not points"); }

// How many rows there are is known of the whole scene alone.
void reach_of_decompose(ReachQuery& q) {
  q.result(q.operand("input"));
  q.result(q.operand("input"));
  q.result({.place = Place::unplaced, .why = "counts the voxels of the whole scene"});
}

void reach_of_with_features(ReachQuery& q) {
  Extent result = q.operand("input");
  const Extent& features = q.operand("features");
  if (features.place != Place::voxels || features.set != result.set) {
    return q.unplaced("pairs the rows of two sets by their numbers");
  }
  widen(result, features);
  q.result(result);
}

void reach_of_reindex(ReachQuery& q) {
  Extent result = q.operand("target");
  if (!on_one_grid(result, q.operand("input"))) return q.unplaced("has a target on another grid");
  widen(result, q.operand("input"));
  q.result(result);
}

void reach_of_pair(ReachQuery& q) { reach_of_join(q, {"lhs", "rhs"}); }

AttributeSpec coord_order() {
  return one_of("coord_order", "lattice.coord", {"batch_x_y_z"}, "batch_x_y_z");
}

// The layout's kind is its family's; the verifier compares both.
OpSpec weight_row() {
  return {.name = kWeightOp,
          .attributes = {{.name = kSymbolAttribute, .kind = AttributeKind::string},
                         {.name = "storage_key", .kind = AttributeKind::string},
                         {.name = "layout", .kind = AttributeKind::enumeration},
                         {.name = "packing", .kind = AttributeKind::packing}},
          .results = {ValueKind::weight}};
}

OpSpec make_row(std::string_view name, bool extension) {
  OpSpec row{.name = name,
             .operands = {tensor("coords"), tensor("features"), tensor("active")},
             .attributes = {triple("stride", positive, 1), coord_order()},
             .results = {ValueKind::sparse},
             .infer = infer_make,
             .run = run_make,
             .reach = reach_of_make};
  if (extension) row.attributes.push_back(integer("batch_size", minus_one_or_more, -1));
  return row;
}

std::vector<OpSpec> make_sparse_rows() {
  return {
      weight_row(),
      make_row("lattice.sparse.make", false),
      make_row("voxloom.sparse.make", true),
      {.name = "lattice.sparse.decompose",
       .operands = {sparse("input")},
       .results = {ValueKind::tensor, ValueKind::tensor, ValueKind::tensor},
       .infer = infer_decompose,
       .run = run_decompose,
       .reach = reach_of_decompose},
      {.name = "lattice.sparse.with_features",
       .operands = {sparse("input"), tensor("features")},
       .results = {ValueKind::sparse},
       .infer = infer_with_features,
       .run = run_with_features,
       .reach = reach_of_with_features},
      {.name = "lattice.sparse.reindex",
       .operands = {sparse("input"), sparse("target")},
       .attributes = {f32("fill", any, 0)},
       .results = {ValueKind::sparse},
       .infer = infer_reindex,
       .run = run_reindex,
       .reach = reach_of_reindex},
      {.name = "lattice.sparse.binary",
       .operands = {sparse("lhs"), sparse("rhs")},
       .attributes = {one_of("op", BinaryOp::add), join(Join::outer), f32("lhs_fill", any, 0),
                      f32("rhs_fill", any, 0)},
       .results = {ValueKind::sparse},
       .infer = infer_binary,
       .run = run_binary,
       .reach = reach_of_pair},
      {.name = "lattice.sparse.cat",
       .operands = {sparse("lhs"), sparse("rhs")},
       .attributes = {join(Join::inner)},
       .results = {ValueKind::sparse},
       .infer = infer_cat,
       .run = run_cat,
       .reach = reach_of_pair},
  };
}

}  // namespace

std::span<const OpSpec> sparse_ops() {
  static const std::vector<OpSpec> rows = make_sparse_rows();
  return rows;
}

}  // namespace voxloom::artifact
