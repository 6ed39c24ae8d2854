// Between points and voxels. In IR v2 `nearest` rounds to lattice points and `linear` does not
// renormalize, and cells are found in float32; our own forms say which.
#include <algorithm>
#include <cmath>

#include "artifact/graph/inference.h"
#include "artifact/ops/op_rows.h"
#include "artifact/run/call.h"
#include "artifact/tiles/reach.h"
#include "voxloom/points.h"

namespace voxloom::artifact {
namespace {

using enum Range;

void require_points(Inference& i, std::string_view active) {
  i.require_shape("points", {kDynamic, 3}, ElementType::f32);
  i.require_shape("batch_indices", {kDynamic}, ElementType::i32);
  i.require_shape(active, {1}, ElementType::i32);
}

bool counts(const OpView& view) { return view.choice<Reduction>("reduction") == Reduction::count; }

void infer_voxelize(Inference& i) {
  require_points(i, "active_rows");
  i.require_feature_tensor("features");
  const Facts& features = i.operand("features");
  i.result(sparse_facts(features.element(), counts(i) ? 1 : features.channels, i.triple("stride")));
  if (i.spec().is_extension()) i.result(tensor_facts({kDynamic}, ElementType::i32));
}

void infer_devoxelize(Inference& i) {
  require_points(i, "point_active_rows");
  const Facts& voxels = i.operand("voxels");
  i.result(tensor_facts({kDynamic, voxels.channels}, voxels.element()));
}

// IR v2's readers subtract the origin and divide by the voxel size in float32.
Grid grid_of(const OpView& view) {
  Grid grid{.voxel_size = view.reals("voxel_size"), .origin = view.reals("origin")};
  grid.in_float32 = !view.spec().is_extension() || view.flag("float32");
  if (!grid.in_float32) return grid;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    grid.voxel_size[axis] = static_cast<float>(grid.voxel_size[axis]);
    grid.origin[axis] = static_cast<float>(grid.origin[axis]);
  }
  return grid;
}

void run_voxelize(Call& c) {
  const std::vector<Tensor> rows = active_rows(c.op().name, c.tensor("active_rows"),
                                               {{{"points", c.tensor("points")},
                                                 {"features", c.tensor("features")},
                                                 {"batch_indices", c.tensor("batch_indices")}}});
  VoxelizeOptions options{.grid = grid_of(c),
                          .reduction = c.choice<Reduction>("reduction"),
                          .stride = c.triple("stride")};
  if (c.has("non_finite")) options.non_finite = c.choice<NonFinite>("non_finite");
  if (c.has("batch_size") && c.integer("batch_size") >= 0) {
    options.batch_size = c.integer("batch_size");
  }
  const Voxelized voxels = voxelize(rows[0], rows[1], rows[2], options);
  c.result(SparseTensor(c.environment().remembered(c.op(), voxels.tensor.coords()),
                        voxels.tensor.features(), voxels.tensor.batch_size()));
  if (c.spec().is_extension()) {
    c.result(Tensor::from(voxels.row_of_point, {rows[0].dim(0)}));
  }
}

void run_devoxelize(Call& c) {
  const std::vector<Tensor> rows =
      active_rows(c.op().name, c.tensor("point_active_rows"),
                  {{{"points", c.tensor("points")}, {"batch_indices", c.tensor("batch_indices")}}});
  DevoxelizeOptions options{.grid = grid_of(c),
                            .interpolation = c.choice<Interpolation>("interpolation"),
                            .nearest = NearestMode::lattice};
  if (c.has("nearest")) options.nearest = c.choice<NearestMode>("nearest");
  if (c.has("renormalize")) options.renormalize = c.flag("renormalize");
  if (c.has("non_finite")) options.non_finite = c.choice<NonFinite>("non_finite");
  c.result(devoxelize(rows[0], c.sparse("voxels"), rows[1], options));
}

// Everything that belongs to a point stands at that point.
bool is_at_points(const Extent& extent) { return extent.place == Place::points; }

// A voxel depends on the points in its cell. Which row a point got is a number that means nothing
// elsewhere.
void reach_of_voxelize(ReachQuery& q) {
  if (!q.takes_input_points("points")) return;
  if (!is_at_points(q.operand("features")) || !is_at_points(q.operand("batch_indices"))) {
    return q.unplaced("takes features that do not belong to the points");
  }
  Extent voxels = q.operand("features");
  voxels.place = Place::voxels;
  voxels.cells = grid_of(q);
  if (voxels.cells.in_float32) {  // rounding may move a point by one cell
    for (std::size_t axis = 0; axis < 3; ++axis) {
      voxels.below[axis] += voxels.cells.voxel_size[axis];
      voxels.above[axis] += voxels.cells.voxel_size[axis];
    }
  }
  q.result(q.on_new_set(voxels));
  q.result({.place = Place::unplaced, .why = "numbers the voxels of the whole scene"});
}

// A point reads the cell that holds it; the lattice form and the linear one also the next.
void reach_of_devoxelize(ReachQuery& q) {
  if (!q.takes_input_points("points")) return;
  const Extent& voxels = q.operand("voxels");
  Extent grid{.place = Place::voxels, .cells = grid_of(q)};
  if (!on_one_grid(voxels, grid) || !is_at_points(q.operand("batch_indices"))) {
    return q.unplaced("reads voxels on a grid that is not theirs");
  }
  const bool cell = q.choice<Interpolation>("interpolation") == Interpolation::nearest &&
                    q.has("nearest") && q.choice<NearestMode>("nearest") == NearestMode::cell;
  Extent result = voxels;
  result.place = Place::points;
  result.set = -1;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double size = grid.cells.voxel_size[axis];
    result.below[axis] += size;
    result.above[axis] += cell ? size : 2 * size;
    if (!grid.cells.in_float32) continue;
    result.below[axis] += size;
    result.above[axis] += size;
  }
  q.result(result);
}

AttributeSpec voxel_size() { return f64_triple("voxel_size", positive, 1); }
AttributeSpec origin() { return f64_triple("origin", any, 0); }
AttributeSpec non_finite() { return one_of("non_finite", NonFinite::error); }
AttributeSpec interpolation() { return one_of("interpolation", Interpolation::nearest); }

AttributeSpec float32() { return boolean("float32", false); }

// --- in the words of IR v2 ---

// Nothing is rounded on the way to a cell: without an origin, and with powers of two from 1 down.
bool is_exact(const OpView& v) {
  const auto is_zero = [](double x) { return x == 0; };
  const auto is_power = [](double size) {
    int exponent = 0;
    return std::frexp(size, &exponent) == 0.5 && exponent <= 1 && exponent > -60;
  };
  return std::ranges::all_of(v.reals("origin"), is_zero) &&
         std::ranges::all_of(v.reals("voxel_size"), is_power);
}
bool has_plain_cells(const OpView& v) { return v.flag("float32") || is_exact(v); }

std::optional<PlainForm> plain_voxelize(const OpView& v) {
  const auto reduction = v.choice<Reduction>("reduction");
  const bool is_plain = (reduction == Reduction::sum || reduction == Reduction::mean) &&
                        v.choice<NonFinite>("non_finite") == NonFinite::error &&
                        v.integer("batch_size") < 0 && has_plain_cells(v);
  if (!is_plain) return std::nullopt;
  return PlainForm{"lattice.voxelize",
                   {{"voxel_size", v.reals("voxel_size")},
                    {"origin", v.reals("origin")},
                    {"reduction", EnumValue{"lattice.voxel_reduction", v.text("reduction")}},
                    {"stride", v.triple("stride")}}};
}

std::optional<PlainForm> plain_devoxelize(const OpView& v) {
  const bool is_nearest = v.choice<Interpolation>("interpolation") == Interpolation::nearest;
  const bool is_plain = v.choice<NonFinite>("non_finite") == NonFinite::error &&
                        has_plain_cells(v) &&
                        (is_nearest ? v.choice<NearestMode>("nearest") == NearestMode::lattice
                                    : !v.flag("renormalize"));
  if (!is_plain) return std::nullopt;
  return PlainForm{"lattice.devoxelize",
                   {{"voxel_size", v.reals("voxel_size")},
                    {"origin", v.reals("origin")},
                    {"interpolation", schema::word_of(v.choice<Interpolation>("interpolation"))}}};
}

std::vector<OperandSpec> voxelize_operands() {
  return {tensor("points"), tensor("features"), tensor("batch_indices"), tensor("active_rows")};
}
std::vector<OperandSpec> devoxelize_operands() {
  return {tensor("points"), sparse("voxels"), tensor("batch_indices"), tensor("point_active_rows")};
}

std::vector<OpSpec> make_points_rows() {
  return {
      {.name = "lattice.voxelize",
       .operands = voxelize_operands(),
       .attributes = {voxel_size(), origin(),
                      one_of("reduction", "lattice.voxel_reduction", {"sum", "mean"}, "mean"),
                      triple("stride", positive, 1)},
       .results = {ValueKind::sparse},
       .infer = infer_voxelize,
       .run = run_voxelize,
       .reach = reach_of_voxelize},
      {.name = "voxloom.voxelize",
       .operands = voxelize_operands(),
       .attributes = {voxel_size(), origin(), one_of("reduction", Reduction::mean), non_finite(),
                      triple("stride", positive, 1), integer("batch_size", minus_one_or_more, -1),
                      float32()},
       .results = {ValueKind::sparse, ValueKind::tensor},
       .infer = infer_voxelize,
       .run = run_voxelize,
       .reach = reach_of_voxelize,
       .plain = plain_voxelize},
      {.name = "lattice.devoxelize",
       .operands = devoxelize_operands(),
       .attributes = {voxel_size(), origin(), interpolation()},
       .results = {ValueKind::tensor},
       .infer = infer_devoxelize,
       .run = run_devoxelize,
       .reach = reach_of_devoxelize},
      {.name = "voxloom.devoxelize",
       .operands = devoxelize_operands(),
       .attributes = {voxel_size(), origin(), interpolation(), one_of("nearest", NearestMode::cell),
                      boolean("renormalize", false), non_finite(), float32()},
       .results = {ValueKind::tensor},
       .infer = infer_devoxelize,
       .run = run_devoxelize,
       .reach = reach_of_devoxelize,
       .plain = plain_devoxelize},
  };
}

}  // namespace

std::span<const OpSpec> point_ops() {
  static const std::vector<OpSpec> rows = make_points_rows();
  return rows;
}

}  // namespace voxloom::artifact
