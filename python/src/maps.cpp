// Kernel maps, the supports that go with them, and which map each convolution op runs on.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "bindings.h"
#include "calls.h"
#include "coords/map_blocks.h"
#include "coords/met_order.h"
#include "coords/offset_table.h"
#include "core/error.h"
#include "ops/conv_maps.h"
#include "ops/pool_weights.h"
#include "voxloom/conv.h"
#include "voxloom/kernel_map.h"
#include "words.h"

namespace voxloom::python {
namespace {

KernelSpec make_kernel(std::string_view op, nb::handle size, nb::handle stride, nb::handle padding,
                       nb::handle dilation, std::string_view origin, nb::handle offsets) {
  return {.kernel_size = triple_of(size, {op, "kernel_size"}),
          .stride = triple_of(stride, {op, "stride"}),
          .padding = triple_of(padding, {op, "padding"}),
          .dilation = triple_of(dilation, {op, "dilation"}),
          .origin = choice_of<Origin>(origin, {op, "origin"}),
          .offsets = triples_of(offsets, {op, "offsets"})};
}

// --- maps ---

using Side = std::variant<CoordinateSet, std::int64_t>;

// A set for rows that have no coordinates: (0, i, 0, 0), which is canonical order.
CoordinateSet set_of(const Side& side) {
  if (const auto* set = std::get_if<CoordinateSet>(&side)) return *set;
  const std::int64_t count = std::get<std::int64_t>(side);
  require(count >= 0 && count <= std::numeric_limits<std::int32_t>::max(), "KernelMap.from_pairs",
          "a number of rows should lie in [0, 2^31), got {}", count);
  std::vector<Coordinate> rows(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].x = static_cast<std::int32_t>(i);
  return CoordinateSet::from_rows(rows, {.batch_size = 1, .trusted = true});
}

KernelMap from_pairs(const Side& source, const Side& target, std::int64_t volume,
                     nb::handle in_rows, nb::handle out_rows, nb::handle k) {
  constexpr std::string_view kOp = "KernelMap.from_pairs";
  const Tensor in = borrow(in_rows, {kOp, "in_rows"}), out = borrow(out_rows, {kOp, "out_rows"}),
               offsets = borrow(k, {kOp, "k"});
  const auto ins = rows_in(in, {kOp, "in_rows"}), outs = rows_in(out, {kOp, "out_rows"}),
             ks = rows_in(offsets, {kOp, "k"});
  require(ins.size() == outs.size() && ins.size() == ks.size(), kOp,
          "in_rows, out_rows and k should be equally long, got {}, {} and {}", ins.size(),
          outs.size(), ks.size());
  return released([&] {
    std::vector<MapEntry> entries(ins.size());
    for (std::size_t i = 0; i < entries.size(); ++i) entries[i] = {ins[i], outs[i], ks[i]};
    return kernel_map_from_pairs(set_of(source), set_of(target), volume, entries);
  });
}

nb::tuple pairs_of(const KernelMap& map) {
  MapByOffset by_offset = released([&] { return map.by_offset(); });
  std::vector<std::int32_t> k(by_offset.in_rows.size());
  for (std::size_t offset = 0; offset + 1 < by_offset.begin.size(); ++offset) {
    std::fill(k.begin() + by_offset.begin[offset], k.begin() + by_offset.begin[offset + 1],
              static_cast<std::int32_t>(offset));
  }
  const auto count = static_cast<std::int64_t>(k.size());
  return nb::make_tuple(to_numpy(std::move(by_offset.in_rows), {count}),
                        to_numpy(std::move(by_offset.out_rows), {count}),
                        to_numpy(std::move(k), {count}));
}

nb::object pairs_begin(const KernelMap& map) {
  MapByOffset by_offset = released([&] { return map.by_offset(); });
  const auto count = static_cast<std::int64_t>(by_offset.begin.size());
  return to_numpy(std::move(by_offset.begin), {count});
}

nb::object first_met(const KernelMap& map) {
  std::vector<std::int32_t> order = released(
      [&] { return rows_as_met("KernelMap.first_met", blocks_of(map), map.source().size()); });
  const auto count = static_cast<std::int64_t>(order.size());
  return to_numpy(std::move(order), {count});
}

nb::tuple offset_table(const KernelMap& map, bool is_mirrored) {
  OffsetTable table = released([&] { return offset_table_of(map, is_mirrored); });
  return nb::make_tuple(to_numpy(std::move(table.rows)),
                        to_numpy(std::move(table.counts), {map.volume()}));
}

nb::object dense_of(const KernelMap& map) {
  std::vector<std::int32_t> rows = released([&] { return map.dense(); });
  return to_numpy(std::move(rows), {map.target().size(), map.volume()});
}

void bind_kernel(nb::module_& m) {
  nb::class_<KernelSpec>(
      m, "KernelSpec",
      "A kernel over the lattice. Offset index k = (ix*Ky + iy)*Kz + iz.\n\n"
      "forward     in  = out * stride + offset * dilation - padding\n"
      "transposed  out = in  * stride + offset * dilation - padding\n\n"
      "origin 'centered': offsets i - size//2 for odd sizes, 0..size-1 for even ones; 'corner':\n"
      "always 0..size-1. offsets: (K,3) ints, a kernel that is that list: kernel_size and origin\n"
      "are not looked at.")
      .def(
          "__init__",
          [](KernelSpec* self, nb::handle size, nb::handle stride, nb::handle padding,
             nb::handle dilation, const std::string& origin, nb::handle offsets) {
            new (self) KernelSpec(
                make_kernel("KernelSpec", size, stride, padding, dilation, origin, offsets));
          },
          nb::arg("kernel_size") = 3, nb::arg("stride") = 1, nb::arg("padding") = 0,
          nb::arg("dilation") = 1, nb::arg("origin") = "centered", nb::arg("offsets") = nb::none())
      .def_prop_ro("kernel_size", [](const KernelSpec& k) { return to_tuple(k.kernel_size); })
      .def_prop_ro("stride", [](const KernelSpec& k) { return to_tuple(k.stride); })
      .def_prop_ro("padding", [](const KernelSpec& k) { return to_tuple(k.padding); })
      .def_prop_ro("dilation", [](const KernelSpec& k) { return to_tuple(k.dilation); })
      .def_prop_ro("origin", [](const KernelSpec& k) { return schema::word_of(k.origin).value; })
      .def_prop_ro("offsets",
                   [](const KernelSpec& k) {
                     nb::list offsets;
                     for (const Triple& offset : k.offsets) offsets.append(to_tuple(offset));
                     return offsets;
                   })
      .def_prop_ro("volume", &KernelSpec::volume, "The number of offsets.");
}

void bind_map(nb::module_& m) {
  nb::class_<KernelMap>(
      m, "KernelMap",
      "Which input row meets which output row under which kernel offset: entries (in, out, k).\n\n"
      "Made by forward_map, transposed_map or KernelMap.from_pairs. Rows are numbered as the sets\n"
      "number theirs, in the caller's order.")
      .def_static("from_pairs", from_pairs, nb::arg("source"), nb::arg("target"), nb::arg("volume"),
                  nb::arg("in_rows"), nb::arg("out_rows"), nb::arg("k"),
                  "A map of the caller's own: in_rows, out_rows, k (E,) int32, in any order.\n\n"
                  "source, target: a CoordinateSet, or a number of rows that have no coordinates. "
                  "Each (out_row, k)\n"
                  "and each (in_row, k) at most once. ValueError: a row or offset out of range, a "
                  "pair given twice.")
      .def_prop_ro("source", &KernelMap::source)
      .def_prop_ro("target", &KernelMap::target)
      .def_prop_ro("kernel", &KernelMap::kernel)
      .def_prop_ro("volume", &KernelMap::volume, "Kernel offsets.")
      .def_prop_ro(
          "size", [](const KernelMap& map) { return released([&] { return map.size(); }); },
          "Entries.")
      .def("swapped", &KernelMap::swapped, "Input rows become output rows.")
      .def("pairs", pairs_of,
           "(in_rows, out_rows, k), each (E,) int32, by k, then ascending output row.")
      .def("pairs_begin", pairs_begin,
           "(K+1,) int64: the pairs of offset k are [begin[k], begin[k+1]).")
      .def("first_met", first_met,
           "(M,) int32: output rows that have entries, as a loop over offsets, then input rows, "
           "meets them first.")
      .def("offset_table", offset_table, nb::arg("mirrored") = false,
           "((2, K, N_in), (K,)) int32: of each offset the input rows, ascending, and their output "
           "rows, -1 behind the last; how many.\n"
           "mirrored: the map of an odd kernel over one set; offsets behind the middle are those "
           "before it, swapped, in their order.")
      .def("dense", dense_of, "(N_out, K) int32: the input row, or -1.")
      .def("__eq__",
           [](const KernelMap& a, nb::handle b) {
             return nb::isinstance<KernelMap>(b) && a == nb::cast<const KernelMap&>(b);
           })
      .def("__hash__",
           [](const KernelMap& map) { return reinterpret_cast<std::uintptr_t>(&map.encodings()); })
      .def("__copy__", [](const KernelMap& map) { return map; })
      .def(
          "__deepcopy__", [](const KernelMap& map, nb::handle) { return map; }, nb::arg("memo"))
      .def("__repr__", [](const KernelMap& map) {
        return fmt::format("KernelMap({} to {} rows, {} offsets)", map.source().size(),
                           map.target().size(), map.volume());
      });
  m.def(
      "forward_map",
      [](const CoordinateSet& source, const CoordinateSet& target, const KernelSpec& kernel) {
        return released([&] { return forward_map(source, target, kernel); });
      },
      nb::arg("source"), nb::arg("target"), nb::arg("kernel"),
      "in = out * stride + offset * dilation - padding. The same for the same sets and kernel "
      "while both sets live.");
  m.def(
      "transposed_map",
      [](const CoordinateSet& source, const CoordinateSet& target, const KernelSpec& kernel) {
        return released([&] { return transposed_map(source, target, kernel); });
      },
      nb::arg("source"), nb::arg("target"), nb::arg("kernel"),
      "out = in * stride + offset * dilation - padding. The same for the same sets and kernel "
      "while both sets live.");
}

void bind_supports(nb::module_& m) {
  m.def(
      "strided_support",
      [](const CoordinateSet& source, nb::handle stride) {
        const Triple by = triple_of(stride, {"strided_support", "stride"});
        return released([&] { return strided_support(source, by); });
      },
      nb::arg("source"), nb::arg("stride"),
      "Stride 1: source itself; else the unique floor(c / stride).");
  m.def(
      "reachable_support",
      [](const CoordinateSet& source, const KernelSpec& kernel, nb::handle bounds) {
        const auto clip = bounds_of(bounds, {"reachable_support", "bounds"});
        return released([&] { return reachable_support(source, kernel, clip); });
      },
      nb::arg("source"), nb::arg("kernel"), nb::arg("bounds") = nb::none(),
      "Every output that at least one input reaches; bounds ((x,y,z), (x,y,z)), half open, clip "
      "it.");
  m.def(
      "transposed_support",
      [](const CoordinateSet& source, const KernelSpec& kernel) {
        return released([&] { return transposed_support(source, kernel); });
      },
      nb::arg("source"), nb::arg("kernel"),
      "The unique in * stride + offset * dilation - padding.");
}

nb::tuple reached(const CoordinateSet& source, const KernelSpec& kernel, nb::handle bounds,
                  bool is_transposed) {
  constexpr std::string_view kOp = "reached_as_met";
  const auto clip = bounds_of(bounds, {kOp, "bounds"});
  const OutputSide side = is_transposed ? OutputSide::fine : OutputSide::coarse;
  Reached made = released([&] { return reached_as_met(kOp, source, kernel, side, clip); });
  return nb::make_tuple(std::move(made.set), std::move(made.map));
}

// --- the map of each op; none where every row meets itself alone ---

using MaybeSet = std::optional<CoordinateSet>;

SparseTensor on_rows(const CoordinateSet& set, std::int64_t batch_size) {
  return {set, Tensor::empty({set.size(), 0}, DType::f32), batch_size};
}

Target target_of(const MaybeSet& target) { return target ? Target(*target) : Target(); }

std::optional<KernelMap> conv_map(const CoordinateSet& set, std::int64_t batch_size,
                                  const KernelSpec& kernel, const std::string& support,
                                  const MaybeSet& target, nb::handle bounds) {
  const ConvOptions options{.kernel_size = kernel.kernel_size,
                            .stride = kernel.stride,
                            .padding = kernel.padding,
                            .dilation = kernel.dilation,
                            .support = choice_of<Support>(support, {"conv3d", "support"}),
                            .target = target_of(target),
                            .origin = kernel.origin,
                            .bounds = bounds_of(bounds, {"conv3d", "bounds"}),
                            .offsets = kernel.offsets};
  return released([&]() -> std::optional<KernelMap> {
    if (is_pointwise(options)) return {};
    return forward_map_for("conv3d", on_rows(set, batch_size), options);
  });
}

std::optional<KernelMap> subm_map(const CoordinateSet& set, const KernelSpec& kernel) {
  const SubmConvOptions options{.kernel_size = kernel.kernel_size, .dilation = kernel.dilation};
  return released([&]() -> std::optional<KernelMap> {
    if (kernel.volume() == 1) return {};
    return submanifold_map_for("subm_conv3d", on_rows(set, 0), options);
  });
}

KernelMap transpose_map(const CoordinateSet& set, std::int64_t batch_size, const KernelSpec& kernel,
                        const MaybeSet& target, const std::string& op) {
  const ConvTransposeOptions options{.kernel_size = kernel.kernel_size,
                                     .stride = kernel.stride,
                                     .padding = kernel.padding,
                                     .dilation = kernel.dilation,
                                     .target = target_of(target),
                                     .origin = kernel.origin};
  return released([&] { return transposed_map_for(op, on_rows(set, batch_size), options); });
}

nb::tuple trilinear(const CoordinateSet& set, std::int64_t batch_size, nb::handle stride,
                    const MaybeSet& target) {
  constexpr std::string_view kOp = "trilinear_upsample3d";
  const UpsampleOptions options{.stride = triple_of(stride, {kOp, "stride"}),
                                .target = target_of(target)};
  std::vector<float> weights;
  KernelMap map = released([&] {
    const ConvTransposeOptions geometry = trilinear_geometry(kOp, options);
    KernelMap made = transposed_map_for(kOp, on_rows(set, batch_size), geometry);
    weights = trilinear_weights(options.stride);
    return made;
  });
  const auto count = static_cast<std::int64_t>(weights.size());
  return nb::make_tuple(map, to_numpy(std::move(weights), {count}));
}

void bind_op_maps(nb::module_& m) {
  m.def("_conv_map", conv_map, nb::arg("set"), nb::arg("batch_size"), nb::arg("kernel"),
        nb::arg("support"), nb::arg("target").none(), nb::arg("bounds").none());
  m.def("_reached_as_met", reached, nb::arg("source"), nb::arg("kernel"), nb::arg("bounds").none(),
        nb::arg("transposed"),
        "(the set of what the kernel reaches, numbered as first_met would; the map onto it).");
  m.def("_subm_map", subm_map, nb::arg("set"), nb::arg("kernel"));
  m.def("_transpose_map", transpose_map, nb::arg("set"), nb::arg("batch_size"), nb::arg("kernel"),
        nb::arg("target").none(), nb::arg("op"));
  m.def("_trilinear_map", trilinear, nb::arg("set"), nb::arg("batch_size"), nb::arg("stride"),
        nb::arg("target").none());
}

}  // namespace

void bind_maps(nb::module_& m) {
  bind_kernel(m);
  bind_map(m);
  bind_supports(m);
  bind_op_maps(m);
}

}  // namespace voxloom::python
