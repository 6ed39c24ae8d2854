// Between points and voxels, dense grids, and selections: what has no gradient of its own here.

#include "voxloom/points.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <string>

#include "bindings.h"
#include "calls.h"
#include "coords/join.h"
#include "core/error.h"
#include "voxloom/algebra.h"
#include "voxloom/neighbors.h"
#include "words.h"

namespace voxloom::python {
namespace {

nb::tuple voxelized(Voxelized result, nb::handle features) {
  const auto count = static_cast<std::int64_t>(result.row_of_point.size());
  nb::object rows = hand_out(tensor_of(std::move(result.row_of_point), {count}), features);
  return nb::make_tuple(result.tensor.coords(), hand_out(result.tensor.features(), features), rows,
                        result.dropped);
}

nb::tuple voxelize_points(nb::handle points, nb::handle features, nb::handle batch,
                          nb::handle voxel_size, nb::handle origin, const std::string& reduction,
                          const std::string& non_finite, nb::handle stride,
                          std::optional<std::int64_t> batch_size) {
  constexpr std::string_view kOp = "voxelize";
  const Tensor p = borrow(points, {kOp, "points"}), f = borrow_or_none(features, {kOp, "features"}),
               b = borrow_or_none(batch, {kOp, "batch"});
  const VoxelizeOptions options{.grid = grid_of(voxel_size, origin, kOp),
                                .reduction = choice_of<Reduction>(reduction, {kOp, "reduction"}),
                                .non_finite = choice_of<NonFinite>(non_finite, {kOp, "non_finite"}),
                                .stride = triple_of(stride, {kOp, "stride"}),
                                .batch_size = batch_size};
  return voxelized(released([&] { return voxelize(p, f, b, options); }),
                   features.is_none() ? points : features);
}

nb::tuple from_points(nb::handle rows, nb::handle features, const std::string& reduction,
                      nb::handle stride, std::optional<std::int64_t> batch_size) {
  constexpr std::string_view kOp = "sparse_from_points";
  const Tensor r = coordinates_in(rows, {kOp, "rows"}),
               f = borrow_or_none(features, {kOp, "features"});
  const auto how = choice_of<Reduction>(reduction, {kOp, "reduction"});
  const CoordinateSetOptions options{.stride = triple_of(stride, {kOp, "stride"}),
                                     .batch_size = batch_size};
  return voxelized(released([&] { return sparse_from_points(r, f, how, options); }),
                   features.is_none() ? rows : features);
}

nb::tuple dense_to_sparse(nb::handle grid, nb::handle lo, nb::handle stride) {
  const Tensor g = borrow(grid, {"from_dense", "grid"});
  const Triple low = triple_of(lo, {"from_dense", "lo"}),
               by = triple_of(stride, {"from_dense", "stride"});
  const SparseTensor x = released([&] { return from_dense(g, low, by); });
  return nb::make_tuple(x.coords(), hand_out(x.features(), grid), x.batch_size());
}

nb::object largest(nb::handle x, const CoordinateSet& set, std::int64_t batch_size,
                   std::int64_t count, std::int64_t channel) {
  const Tensor features = borrow(x, {"topk", "x"});
  std::vector<std::int32_t> rows =
      released([&] { return topk(SparseTensor(set, features, batch_size), count, channel); });
  const auto found = static_cast<std::int64_t>(rows.size());
  return hand_out(tensor_of(std::move(rows), {found}), x);
}

nb::tuple selected(const CoordinateSet& set, nb::handle rows) {
  const Tensor wanted = borrow(rows, {"prune", "rows"});
  const std::span<const std::int32_t> list = rows_in(wanted, {"prune", "rows"});
  // Checks the rows as well.
  const SparseTensor x = released([&] {
    return prune(SparseTensor(set, Tensor::empty({set.size(), 0}, DType::f32)), list);
  });
  return nb::make_tuple(x.coords());
}

nb::object inside(const CoordinateSet& set, nb::handle lo, nb::handle hi) {
  const Triple low = triple_of(lo, {"crop", "lo"}), high = triple_of(hi, {"crop", "hi"});
  std::vector<std::int32_t> rows = released([&] { return rows_inside(set, low, high); });
  const auto count = static_cast<std::int64_t>(rows.size());
  return to_numpy(std::move(rows), {count});
}

nb::tuple nearest(const CoordinateSet& query, const CoordinateSet& points, std::int64_t k,
                  bool squared) {
  KNearest found = released([&] { return k_nearest(query, points, k, {.squared = squared}); });
  return nb::make_tuple(to_numpy(std::move(found.rows), {query.size(), k}),
                        to_numpy(std::move(found.distances), {query.size(), k}));
}

nb::tuple within(const CoordinateSet& query, const CoordinateSet& points, double radius,
                 bool squared) {
  RadiusNeighbors found =
      released([&] { return radius_neighbors(query, points, radius, {.squared = squared}); });
  const auto count = static_cast<std::int64_t>(found.rows.size());
  return nb::make_tuple(to_numpy(std::move(found.begin), {query.size() + 1}),
                        to_numpy(std::move(found.rows), {count}),
                        to_numpy(std::move(found.distances), {count}));
}

}  // namespace

void bind_points(nb::module_& m) {
  m.def("_voxelize", voxelize_points, nb::arg("points"), nb::arg("features").none(),
        nb::arg("batch").none(), nb::arg("voxel_size"), nb::arg("origin"), nb::arg("reduction"),
        nb::arg("non_finite"), nb::arg("stride"), nb::arg("batch_size").none());
  m.def("_sparse_from_points", from_points, nb::arg("rows"), nb::arg("features").none(),
        nb::arg("reduction"), nb::arg("stride"), nb::arg("batch_size").none());
  m.def("_from_dense", dense_to_sparse, nb::arg("grid"), nb::arg("lo"), nb::arg("stride"));
  m.def("_topk", largest, nb::arg("x"), nb::arg("set"), nb::arg("batch_size"), nb::arg("count"),
        nb::arg("channel"));
  m.def("_prune", selected, nb::arg("set"), nb::arg("rows"));
  m.def("_rows_inside", inside, nb::arg("set"), nb::arg("lo"), nb::arg("hi"));
  m.def("k_nearest", nearest, nb::arg("query"), nb::arg("points"), nb::arg("k"),
        nb::arg("squared") = false,
        "(rows (N, k) int32, distances (N, k) float64) of the k nearest points of each query row's "
        "batch, nearest\n"
        "first, in lattice units; -1 and infinity where there are fewer. Equal distances are "
        "ordered by row.");
  m.def("radius_neighbors", within, nb::arg("query"), nb::arg("points"), nb::arg("radius"),
        nb::arg("squared") = false,
        "(begin (N+1) int64, rows int32, distances float64): the points within the radius "
        "(inclusive) of query i are\n"
        "[begin[i], begin[i+1]), by ascending distance, then row.");
}

}  // namespace voxloom::python
