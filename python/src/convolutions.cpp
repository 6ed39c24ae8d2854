// Products over maps and their gradients, on rows of features.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <string>

#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "ops/conv_run.h"
#include "ops/conv_weight.h"
#include "ops/dense_arguments.h"
#include "voxloom/conv.h"
#include "voxloom/conv_gradients.h"
#include "words.h"

namespace voxloom::python {
namespace {

using MaybeMap = std::optional<KernelMap>;  // none: each row meets itself

void check_rows(std::string_view op, std::string_view name, const Tensor& x,
                const CoordinateSet& set, std::string_view side) {
  check_matrix(op, x);
  require(x.dim(0) == set.size(), op, "{}: expected the {} rows of the map's {} set, got shape {}",
          name, set.size(), side, x.shape());
}

nb::object conv(nb::handle x_array, nb::handle weight_array, const MaybeMap& map,
                nb::handle bias_array, std::int32_t groups, const std::string& op) {
  const Tensor x = borrow(x_array, {op, "x"});
  const Weight weight = borrow(weight_array, {op, "weight"});
  const Tensor bias = borrow_or_none(bias_array, {op, "bias"});
  Tensor y = released([&] {
    check_matrix(op, x);
    if (map) check_rows(op, "x", x, map->source(), "source");
    const KernelSpec kernel = map ? map->kernel() : KernelSpec{.kernel_size = 1};
    const WeightContext context = weight_context(op, kernel, x, groups);
    const ConvWeight checked = check_weight(context, weight);
    check_bias(context, bias, checked.out_channels());
    return map ? run_on_map(x, checked, bias, *map, x.dtype()) : run_pointwise(x, checked, bias);
  });
  return hand_out(std::move(y), x_array);
}

nb::object input_gradient(nb::handle dy_array, nb::handle weight_array, const MaybeMap& map,
                          std::int32_t groups) {
  constexpr std::string_view kOp = "conv_input_gradient";
  const Tensor dy = borrow(dy_array, {kOp, "dy"});
  const Weight weight = borrow(weight_array, {kOp, "weight"});
  Tensor dx = released([&] {
    return map ? conv_input_gradient(dy, weight, *map, groups) : linear_input_gradient(dy, weight);
  });
  return hand_out(std::move(dx), dy_array);
}

WeightLayout layout_of(const std::string& name) {
  if (name == "grouped") return WeightLayout::grouped;
  if (name == "kernel_major") return WeightLayout::kernel_major;
  if (name == "output_major") return WeightLayout::output_major;
  if (name == "depthwise") return WeightLayout::depthwise;
  if (name == "pointwise") return WeightLayout::pointwise;
  fail("conv_weight_gradient",
       "layout: expected one of 'grouped', 'kernel_major', 'output_major', 'depthwise', "
       "'pointwise', got '{}'",
       name);
}

nb::object weight_gradient(nb::handle x_array, nb::handle dy_array, const MaybeMap& map,
                           std::int32_t groups, const std::string& layout) {
  constexpr std::string_view kOp = "conv_weight_gradient";
  const Tensor x = borrow(x_array, {kOp, "x"}), dy = borrow(dy_array, {kOp, "dy"});
  const WeightLayout wanted = layout_of(layout);
  Tensor dw = released([&] {
    return map ? conv_weight_gradient(x, dy, *map, {.groups = groups, .layout = wanted})
               : linear_weight_gradient(x, dy, wanted);
  });
  return hand_out(std::move(dw), x_array);
}

nb::object bias_gradient(nb::handle dy_array) {
  const Tensor dy = borrow(dy_array, {"conv_bias_gradient", "dy"});
  return hand_out(released([&] { return conv_bias_gradient(dy); }), dy_array);
}

}  // namespace

void bind_convolutions(nb::module_& m) {
  m.def(
      "conv", conv, nb::arg("x"), nb::arg("weight"), nb::arg("map").none(),
      nb::arg("bias") = nb::none(), nb::arg("groups") = 1, nb::arg("op") = "conv",
      "y[u] = bias + sum over the map's entries (v, u, k) of x[v] W[k]; (N_out, C_out) of x's "
      "dtype.\n\n"
      "x: (N_in, C_in) float32, float16 or bfloat16. weight, of x's dtype, by rank: 3 (K, C_in, "
      "C_out);\n"
      "4 (K, G, C_in/G, C_out/G); 5 (C_out, Kx, Ky, Kz, C_in/G), where the kernel is a box; 2 "
      "(C_out, C_in) for\n"
      "one offset, or (K, C) with groups = C. map None: each row meets itself (kernel 1, linear).\n"
      "bias: (C_out) or None. Sums are float32, rounded once; results do not depend on the "
      "threads.\n"
      "ValueError, which names op: shapes, types and layouts that do not fit.");
  m.def("conv_input_gradient", input_gradient, nb::arg("dy"), nb::arg("weight"),
        nb::arg("map").none(), nb::arg("groups") = 1,
        "dx[v] = sum over the entries (v, u, k) of dy[u] W[k]^T; (N_in, C_in) of dy's dtype.");
  m.def("conv_weight_gradient", weight_gradient, nb::arg("x"), nb::arg("dy"), nb::arg("map").none(),
        nb::arg("groups") = 1, nb::arg("layout") = "kernel_major",
        "dW[k] = sum over the entries (v, u, k) of x[v]^T dy[u], of x's dtype, in one of the "
        "layouts\n"
        "'kernel_major' (K, C_in, C_out), 'grouped' (K, G, C_in/G, C_out/G), 'output_major'\n"
        "(C_out, Kx, Ky, Kz, C_in/G), 'depthwise' (K, C), 'pointwise' (C_out, C_in).");
  m.def("conv_bias_gradient", bias_gradient, nb::arg("dy"),
        "db = the sum of dy's rows; (C) of dy's dtype.");
}

}  // namespace voxloom::python
