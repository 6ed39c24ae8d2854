// Norms, activations and selections on rows of features, with their gradients.

#include "engine/rows.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <array>
#include <string>

#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "engine/arithmetic.h"
#include "engine/batch_norm.h"
#include "engine/choice.h"
#include "engine/gradients.h"
#include "ops/arithmetic.h"
#include "ops/dense_arguments.h"
#include "voxloom/autograd_ops.h"
#include "voxloom/dense.h"
#include "words.h"

namespace voxloom::python {
namespace {

const Tensor* or_none(const Tensor& tensor) { return tensor.defined() ? &tensor : nullptr; }

nb::object given(Tensor tensor, nb::handle like) {
  return tensor.defined() ? hand_out(std::move(tensor), like) : nb::none();
}

Tensor zeros_like(const Tensor& vector) { return Tensor::zeros(vector.shape(), vector.dtype()); }

void check_float32(std::string_view op, std::string_view name, const Tensor& x) {
  check_matrix(op, x);
  require(x.dtype() == DType::f32, op, "{}: expected float32, got {}", name, x);
}

void check_like(std::string_view op, std::string_view name, const Tensor& x, const Tensor& like) {
  require(x.shape() == like.shape() && x.dtype() == like.dtype(), op, "{}: expected {}, got {}",
          name, like, x);
}

// --- batch norm ---

nb::object batch_norm_given(nb::handle x_array, nb::handle scale, nb::handle bias, nb::handle mean,
                            nb::handle variance, float eps) {
  constexpr std::string_view kOp = "batch_norm";
  const Tensor x = borrow(x_array, {kOp, "x"}), s = borrow(scale, {kOp, "scale"}),
               b = borrow_or_none(bias, {kOp, "bias"}), m = borrow(mean, {kOp, "mean"}),
               v = borrow(variance, {kOp, "variance"});
  return hand_out(
      released([&] {
        const BatchNormParameters parameters{
            .scale = s, .bias = b.defined() ? b : zeros_like(s), .mean = m, .variance = v};
        return batch_norm(x, parameters, eps);
      }),
      x_array);
}

nb::tuple batch_norm_of_batch(nb::handle x_array, nb::handle scale, nb::handle bias, float eps,
                              nb::handle residual, bool relu) {
  constexpr std::string_view kOp = "batch_norm_of_batch";
  const Tensor x = borrow(x_array, {kOp, "x"}), s = borrow(scale, {kOp, "scale"}),
               b = borrow_or_none(bias, {kOp, "bias"}),
               r = borrow_or_none(residual, {kOp, "residual"});
  autograd::BatchNormResult result = released([&] {
    const autograd::BatchNormTail tail{
        .residual = r.defined() ? autograd::Variable(r) : autograd::Variable(), .relu = relu};
    return autograd::batch_norm_of_batch(
        x, {.scale = s, .bias = b.defined() ? autograd::Variable(b) : autograd::Variable()}, tail,
        eps);
  });
  return nb::make_tuple(hand_out(result.y.value(), x_array),
                        hand_out(result.statistics.mean, x_array),
                        hand_out(result.statistics.variance, x_array));
}

// (dx, dscale, dbias, dresidual); None for what is not wanted.
nb::tuple batch_norm_gradient(nb::handle dy_array, nb::handle x_array, nb::handle scale,
                              nb::handle mean, nb::handle variance, float eps, bool is_own,
                              nb::handle y_array, const std::array<bool, 4>& wanted) {
  constexpr std::string_view kOp = "batch_norm_gradient";
  const Tensor given_dy = borrow(dy_array, {kOp, "dy"}), x = borrow(x_array, {kOp, "x"}),
               s = borrow(scale, {kOp, "scale"}), m = borrow(mean, {kOp, "mean"}),
               v = borrow(variance, {kOp, "variance"}), y = borrow_or_none(y_array, {kOp, "y"});
  check_float32(kOp, "x", x);
  check_like(kOp, "dy", given_dy, x);
  if (y.defined()) check_like(kOp, "y", y, x);
  check_vector(kOp, x, s, "scale");
  check_vector(kOp, x, m, "mean");
  check_vector(kOp, x, v, "variance");
  Tensor dx, dscale, dbias, dy;
  released([&] {
    // It is rectified in place.
    dy = y.defined() || !given_dy.is_writable() ? given_dy.clone() : given_dy;
    if (wanted[0]) dx = float_like(x);
    if (wanted[1]) dscale = float_like(s);
    if (wanted[2]) dbias = float_like(s);
    engine::run(engine::BatchNormGradient{.x = &x,
                                          .y = or_none(y),
                                          .scale = &s,
                                          .mean = &m,
                                          .variance = &v,
                                          .eps = eps,
                                          .is_own = is_own,
                                          .dy = &dy,
                                          .dscale = wanted[1] ? &dscale : nullptr,
                                          .dbias = wanted[2] ? &dbias : nullptr,
                                          .dx = wanted[0] ? &dx : nullptr});
  });
  nb::object residual = nb::none();
  if (wanted[3]) residual = y.defined() ? hand_out(dy, x_array) : nb::borrow(dy_array);
  return nb::make_tuple(given(dx, x_array), given(dscale, x_array), given(dbias, x_array),
                        residual);
}

// --- norms of a row ---

nb::object layer_norm_of(nb::handle x_array, nb::handle scale, nb::handle bias, float eps) {
  constexpr std::string_view kOp = "layer_norm";
  const Tensor x = borrow(x_array, {kOp, "x"}), s = borrow(scale, {kOp, "scale"}),
               b = borrow_or_none(bias, {kOp, "bias"});
  return hand_out(released([&] { return layer_norm(x, s, b.defined() ? b : zeros_like(s), eps); }),
                  x_array);
}

nb::object group_norm_of(nb::handle x_array, nb::handle scale, nb::handle bias, std::int64_t groups,
                         float eps) {
  constexpr std::string_view kOp = "group_norm";
  const Tensor x = borrow(x_array, {kOp, "x"}), s = borrow(scale, {kOp, "scale"}),
               b = borrow_or_none(bias, {kOp, "bias"});
  return hand_out(released([&] {
                    const autograd::Affine affine{
                        .scale = s,
                        .bias = b.defined() ? autograd::Variable(b) : autograd::Variable()};
                    return autograd::group_norm(x, affine, groups, eps).value();
                  }),
                  x_array);
}

nb::object rms_norm_of(nb::handle x_array, nb::handle scale, float eps) {
  constexpr std::string_view kOp = "rms_norm";
  const Tensor x = borrow(x_array, {kOp, "x"}), s = borrow(scale, {kOp, "scale"});
  return hand_out(released([&] { return rms_norm(x, s, eps); }), x_array);
}

nb::tuple row_norm_gradient(nb::handle dy_array, nb::handle x_array, nb::handle scale,
                            std::int64_t groups, bool is_centered, float eps,
                            const std::array<bool, 3>& wanted) {
  constexpr std::string_view kOp = "row_norm_gradient";
  const Tensor dy = borrow(dy_array, {kOp, "dy"}), x = borrow(x_array, {kOp, "x"}),
               s = borrow(scale, {kOp, "scale"});
  check_float32(kOp, "x", x);
  check_like(kOp, "dy", dy, x);
  check_vector(kOp, x, s, "scale");
  require(groups >= 1 && x.dim(1) % groups == 0, kOp, "{} channels do not split into {} groups",
          x.dim(1), groups);
  std::array<Tensor, 3> made;
  released([&] {
    std::array<Tensor*, 3> to = {};
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (!wanted.at(i)) continue;
      made.at(i) = float_like(i == 0 ? x : s);
      to.at(i) = &made.at(i);
    }
    engine::run(engine::RowNormGradient{.x = &x,
                                        .scale = &s,
                                        .dy = &dy,
                                        .groups = groups,
                                        .is_centered = is_centered,
                                        .eps = eps,
                                        .dx = to[0],
                                        .dscale = to[1],
                                        .dbias = to[2]});
  });
  return nb::make_tuple(given(made[0], x_array), given(made[1], x_array), given(made[2], x_array));
}

// --- elements ---

ActivationOptions activation_options(const std::string& approximate, float alpha, float beta,
                                     float threshold) {
  return {.approximate = choice_of<GeluApprox>(approximate, {"activate", "approximate"}),
          .alpha = alpha,
          .beta = beta,
          .threshold = threshold};
}

nb::object activated(nb::handle x_array, const std::string& kind, const std::string& approximate,
                     float alpha, float beta, float threshold) {
  const Tensor x = borrow(x_array, {"activate", "x"});
  const auto which = choice_of<Activation>(kind, {"activate", "kind"});
  const ActivationOptions options = activation_options(approximate, alpha, beta, threshold);
  return hand_out(released([&] { return activate(x, which, options); }), x_array);
}

nb::object activation_gradient(nb::handle dy_array, nb::handle at_array, const std::string& kind,
                               const std::string& approximate, float alpha, float beta,
                               float threshold) {
  constexpr std::string_view kOp = "activation_gradient";
  const Tensor dy = borrow(dy_array, {kOp, "dy"}), at = borrow(at_array, {kOp, "at"});
  check_like(kOp, "dy", dy, at);
  require(dy.dtype() == DType::f32, kOp, "dy: expected float32, got {}", dy);
  const auto which = choice_of<Activation>(kind, {kOp, "kind"});
  const ActivationOptions options = activation_options(approximate, alpha, beta, threshold);
  return hand_out(released([&] {
                    Tensor dx = float_like(dy);
                    engine::run(engine::ActivationGradient{
                        .kind = which, .options = options, .dy = &dy, .at = &at, .dx = &dx});
                    return dx;
                  }),
                  dy_array);
}

nb::object softmax_of(nb::handle x_array) {
  const Tensor x = borrow(x_array, {"softmax", "x"});
  return hand_out(released([&] { return softmax(x); }), x_array);
}

nb::object softmax_gradient(nb::handle dy_array, nb::handle y_array) {
  constexpr std::string_view kOp = "softmax_gradient";
  const Tensor dy = borrow(dy_array, {kOp, "dy"}), y = borrow(y_array, {kOp, "y"});
  check_float32(kOp, "y", y);
  check_like(kOp, "dy", dy, y);
  return hand_out(released([&] {
                    Tensor dx = float_like(y);
                    engine::run(engine::SoftmaxGradient{.y = &y, .dy = &dy, .dx = &dx});
                    return dx;
                  }),
                  dy_array);
}

nb::object dropout(nb::handle x_array, float probability, std::uint64_t seed) {
  const Tensor x = borrow(x_array, {"dropout", "x"});
  require(x.dtype() == DType::f32, "dropout", "x: expected float32, got {}", x);
  return hand_out(released([&] { return autograd::dropout(x, probability, seed).value(); }),
                  x_array);
}

// --- rows ---

nb::object take_rows(nb::handle x_array, nb::handle rows_array, float fill) {
  constexpr std::string_view kOp = "take_rows";
  const Tensor x = borrow(x_array, {kOp, "x"}), wanted = borrow(rows_array, {kOp, "rows"});
  check_matrix(kOp, x);
  const std::span<const std::int32_t> rows = rows_in(wanted, {kOp, "rows"});
  return hand_out(
      released([&] {
        for (const std::int32_t row : rows) {
          require(row >= -1 && row < x.dim(0), kOp, "rows: {} is no row of {}", row, x.dim(0));
        }
        Tensor y = Tensor::empty({wanted.size(), x.dim(1)}, x.dtype());
        // No rows at all would mean x's own.
        if (rows.empty()) return y;
        engine::run(
            engine::PlaceRows{.sources = {{.features = &x, .rows = rows, .fill = fill}}, .y = &y});
        return y;
      }),
      x_array);
}

void bind_norms(nb::module_& m) {
  m.def("batch_norm", batch_norm_given, nb::arg("x"), nb::arg("scale"), nb::arg("bias").none(),
        nb::arg("mean"), nb::arg("variance"), nb::arg("eps") = 1e-5F,
        "(x - mean) scale / sqrt(variance + eps) + bias; x (N, C), vectors (C), of one dtype.");
  m.def("batch_norm_of_batch", batch_norm_of_batch, nb::arg("x"), nb::arg("scale"),
        nb::arg("bias") = nb::none(), nb::arg("eps") = 1e-5F, nb::arg("residual") = nb::none(),
        nb::arg("relu") = false,
        "(y, mean, variance): batch norm with the statistics of x's own rows (variance divided by "
        "N), float32;\n"
        "y = norm(x) + residual, rectified where relu is true.");
  m.def("batch_norm_gradient", batch_norm_gradient, nb::arg("dy"), nb::arg("x"), nb::arg("scale"),
        nb::arg("mean"), nb::arg("variance"), nb::arg("eps"), nb::arg("is_own"),
        nb::arg("y").none(), nb::arg("wanted"),
        "(dx, dscale, dbias, dresidual), or None where `wanted` says so; y: the result, where it "
        "was rectified.");
  m.def("layer_norm", layer_norm_of, nb::arg("x"), nb::arg("scale"), nb::arg("bias") = nb::none(),
        nb::arg("eps") = 1e-5F, "Mean and variance of each row; x (N, C), vectors (C).");
  m.def("group_norm", group_norm_of, nb::arg("x"), nb::arg("scale"), nb::arg("bias"),
        nb::arg("groups"), nb::arg("eps") = 1e-5F,
        "The channels of each row in `groups` equal parts (Wu and He 2018); float32.");
  m.def("rms_norm", rms_norm_of, nb::arg("x"), nb::arg("scale"), nb::arg("eps") = 1e-5F,
        "x scale / sqrt(mean of x^2 over the row + eps).");
  m.def("row_norm_gradient", row_norm_gradient, nb::arg("dy"), nb::arg("x"), nb::arg("scale"),
        nb::arg("groups"), nb::arg("is_centered"), nb::arg("eps"), nb::arg("wanted"),
        "(dx, dscale, dbias) of layer_norm, group_norm and (not centered) rms_norm, or None where "
        "not wanted.");
}

}  // namespace

void bind_rows(nb::module_& m) {
  bind_norms(m);
  m.def("activate", activated, nb::arg("x"), nb::arg("kind"), nb::arg("approximate") = "none",
        nb::arg("alpha") = 0.01F, nb::arg("beta") = 1.0F, nb::arg("threshold") = 20.0F,
        "'relu', 'sigmoid', 'gelu' (approximate 'none', 'precise', 'tanh', 'fast'), 'silu', "
        "'leaky_relu' (slope\n"
        "alpha), 'tanh' or 'softplus' (beta, threshold) of each element.");
  m.def("activation_gradient", activation_gradient, nb::arg("dy"), nb::arg("at"), nb::arg("kind"),
        nb::arg("approximate") = "none", nb::arg("alpha") = 0.01F, nb::arg("beta") = 1.0F,
        nb::arg("threshold") = 20.0F,
        "dy times the slope; at: the result for relu, sigmoid and tanh, else x.");
  m.def("softmax", softmax_of, nb::arg("x"), "exp(x - max x) / sum, over each row.");
  m.def("softmax_gradient", softmax_gradient, nb::arg("dy"), nb::arg("y"),
        "y (dy - sum of y dy over the row).");
  m.def("dropout", dropout, nb::arg("x"), nb::arg("probability"), nb::arg("seed"),
        "Each element is 0 with `probability`, else divided by 1 - probability. The same for the "
        "same seed.");
  m.def("take_rows", take_rows, nb::arg("x"), nb::arg("rows"), nb::arg("fill") = 0.0F,
        "(M, C): the rows of x that `rows` (M) int32 names; -1 gives `fill`.");
}

}  // namespace voxloom::python
