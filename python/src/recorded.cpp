// Operations whose gradients are more than one problem: the library's tape notes them down, and torch's
// walk back asks it. One operation, one tape.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings.h"
#include "calls.h"
#include "core/error.h"
#include "voxloom/autograd_ops.h"
#include "words.h"

namespace voxloom::python {
namespace {

using autograd::Variable;

// What an operation left on its tape. backward() may be called once; the caller records it again for more.
class Recorded {
 public:
  // Noted down when `needs` says that one of the inputs wants a gradient.
  explicit Recorded(std::vector<bool> needs) : needs_(std::move(needs)) {}

  // The next input: the tape keeps what it needs of it, and with that the array.
  Variable input(nb::handle array, Argument argument) {
    const std::size_t place = inputs_.size();
    require(place < needs_.size(), argument.op, "more inputs than `needs` has entries: {}",
            needs_.size());
    Variable variable;
    if (!array.is_none()) {
      const Tensor tensor = borrow_and_keep(array, argument);
      variable = needs_[place] ? tape_.watch(tensor) : Variable(tensor);
    }
    inputs_.push_back(variable);
    return variable;
  }
  void keep_result(Variable y) { y_ = std::move(y); }
  [[nodiscard]] const Variable& result() const { return y_; }
  [[nodiscard]] bool is_spent() const { return is_spent_; }

  [[nodiscard]] nb::list backward(nb::handle dy_array) {
    require(!is_spent_, "backward", "a recorded operation walks back once");
    is_spent_ = true;
    const Tensor dy = borrow(dy_array, {"backward", "dy"});
    require(dy.shape() == y_.value().shape() && dy.dtype() == DType::f32, "backward",
            "dy: expected {}, got {}", y_.value(), dy);
    std::vector<Tensor> gradients(inputs_.size());
    released([&] {
      tape_.backward(y_, dy);
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        if (needs_[i] && inputs_[i].defined()) gradients[i] = tape_.take_gradient(inputs_[i]);
      }
    });
    nb::list result;
    for (Tensor& gradient : gradients) {
      // An operation may hand on dy itself, which is the caller's.
      if (gradient.defined() && gradient.raw() == dy.raw()) gradient = gradient.clone();
      result.append(gradient.defined() ? hand_out(std::move(gradient), dy_array) : nb::none());
    }
    return result;
  }

 private:
  autograd::Tape tape_;
  std::vector<bool> needs_;
  std::vector<Variable> inputs_;
  Variable y_;
  bool is_spent_ = false;
};

// (recorded, y), and the result's set where it has one.
template <typename Compute>
nb::tuple recorded(Recorded& record, nb::handle like, const Compute& compute) {
  record.keep_result(released(compute));
  nb::object set = nb::none();
  if (record.result().is_sparse()) set = nb::cast(record.result().coords());
  const bool is_noted = record.result().needs_gradient();
  nb::object y = hand_out(record.result().value(), like);
  return nb::make_tuple(is_noted ? nb::cast(std::move(record)) : nb::none(), y, set);
}

nb::tuple cross_entropy(nb::handle scores, const std::vector<bool>& needs, nb::handle labels,
                        std::int32_t ignore, nb::handle class_weights, float label_smoothing) {
  constexpr std::string_view kOp = "cross_entropy";
  Recorded record(needs);
  const Variable z = record.input(scores, {kOp, "scores"});
  const Tensor l = borrow(labels, {kOp, "labels"});
  const autograd::CrossEntropyOptions options{
      .ignore = ignore,
      .class_weights = borrow_or_none(class_weights, {kOp, "class_weights"}),
      .label_smoothing = label_smoothing};
  return recorded(record, scores, [&] { return autograd::cross_entropy(z, l, options); });
}

nb::tuple lovasz_softmax(nb::handle scores, const std::vector<bool>& needs, nb::handle labels,
                         std::int32_t ignore) {
  constexpr std::string_view kOp = "lovasz_softmax";
  Recorded record(needs);
  const Variable z = record.input(scores, {kOp, "scores"});
  const Tensor l = borrow(labels, {kOp, "labels"});
  return recorded(record, scores, [&] { return autograd::lovasz_softmax(z, l, ignore); });
}

struct PointArguments {
  autograd::PointTensors where;
  Grid grid;

  // The arrays are kept: a gradient looks at them again.
  PointArguments(std::string_view op, nb::handle points, nb::handle batch, nb::handle voxel_size,
                 nb::handle origin)
      : where{.points = borrow_and_keep(points, {op, "points"}),
              .batch = batch.is_none() ? Tensor{} : borrow_and_keep(batch, {op, "batch"})},
        grid(grid_of(voxel_size, origin, op)) {}
};

nb::tuple devoxelize(nb::handle x, const std::vector<bool>& needs, nb::handle points,
                     const CoordinateSet& set, nb::handle batch, nb::handle voxel_size,
                     nb::handle origin, const std::string& interpolation,
                     const std::string& nearest, bool renormalize, const std::string& non_finite) {
  constexpr std::string_view kOp = "devoxelize";
  Recorded record(needs);
  const PointArguments arguments(kOp, points, batch, voxel_size, origin);
  const DevoxelizeOptions options{
      .grid = arguments.grid,
      .interpolation = choice_of<Interpolation>(interpolation, {kOp, "interpolation"}),
      .nearest = choice_of<NearestMode>(nearest, {kOp, "nearest"}),
      .renormalize = renormalize,
      .non_finite = choice_of<NonFinite>(non_finite, {kOp, "non_finite"})};
  const Variable voxels(record.input(x, {kOp, "x"}), set);
  return recorded(record, x,
                  [&] { return autograd::devoxelize(arguments.where, voxels, options); });
}

nb::tuple to_dense(nb::handle x, const std::vector<bool>& needs, const CoordinateSet& set,
                   nb::handle lo, nb::handle hi, std::int64_t batch_size) {
  constexpr std::string_view kOp = "to_dense";
  Recorded record(needs);
  const Triple low = triple_of(lo, {kOp, "lo"}), high = triple_of(hi, {kOp, "hi"});
  const Variable rows(record.input(x, {kOp, "x"}), set, batch_size);
  return recorded(record, x, [&] { return autograd::to_dense(rows, low, high); });
}

// --- joins ---

nb::tuple joined(const std::string& op, nb::handle lhs, nb::handle rhs,
                 const std::vector<bool>& needs, const CoordinateSet& lhs_set,
                 const CoordinateSet& rhs_set, const std::string& join, float lhs_fill,
                 float rhs_fill) {
  const auto which = choice_of<BinaryOp>(op, {"binary", "op"});
  Recorded record(needs);
  const JoinOptions options{
      .join = choice_of<Join>(join, {op, "join"}), .lhs_fill = lhs_fill, .rhs_fill = rhs_fill};
  const Variable a(record.input(lhs, {op, "lhs"}), lhs_set),
      b(record.input(rhs, {op, "rhs"}), rhs_set);
  return recorded(record, lhs, [&] { return autograd::binary(which, a, b, options); });
}

nb::tuple concatenated(const nb::list& features, const std::vector<bool>& needs,
                       const std::vector<CoordinateSet>& sets, const std::string& join) {
  constexpr std::string_view kOp = "cat";
  require(nb::len(features) == sets.size() && !sets.empty(), kOp,
          "expected at least one tensor, got {}", sets.size());
  Recorded record(needs);
  const auto how = choice_of<Join>(join, {kOp, "join"});
  std::vector<Variable> variables;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    variables.emplace_back(record.input(features[i], {kOp, "features"}), sets[i]);
  }
  return recorded(record, features[0], [&] { return autograd::cat(variables, how); });
}

nb::tuple reindexed(nb::handle x, const std::vector<bool>& needs, const CoordinateSet& set,
                    const CoordinateSet& target, float fill) {
  Recorded record(needs);
  const Variable rows(record.input(x, {"reindex", "x"}), set);
  return recorded(record, x, [&] { return autograd::reindex(rows, target, fill); });
}

// --- normalized convolutions ---

nb::tuple normalized_subm(nb::handle x, nb::handle weight, nb::handle bias,
                          const std::vector<bool>& needs, const CoordinateSet& set,
                          nb::handle kernel_size, nb::handle dilation, std::int32_t groups,
                          float eps) {
  constexpr std::string_view kOp = "normalized_subm_conv3d";
  Recorded record(needs);
  const SubmConvOptions options{.kernel_size = triple_of(kernel_size, {kOp, "kernel_size"}),
                                .dilation = triple_of(dilation, {kOp, "dilation"}),
                                .groups = groups};
  const Variable rows(record.input(x, {kOp, "x"}), set);
  const autograd::Parameters parameters{.weight = record.input(weight, {kOp, "weight"}),
                                        .bias = record.input(bias, {kOp, "bias"})};
  return recorded(record, x,
                  [&] { return autograd::normalized_subm_conv3d(rows, parameters, options, eps); });
}

nb::tuple normalized_transpose(nb::handle x, nb::handle weight, nb::handle bias,
                               const std::vector<bool>& needs, const CoordinateSet& set,
                               const KernelSpec& kernel, const std::optional<CoordinateSet>& target,
                               std::int32_t groups, float eps) {
  constexpr std::string_view kOp = "normalized_conv_transpose3d";
  Recorded record(needs);
  const ConvTransposeOptions options{.kernel_size = kernel.kernel_size,
                                     .stride = kernel.stride,
                                     .padding = kernel.padding,
                                     .dilation = kernel.dilation,
                                     .target = target ? Target(*target) : Target(),
                                     .origin = kernel.origin,
                                     .groups = groups};
  const Variable rows(record.input(x, {kOp, "x"}), set);
  const autograd::Parameters parameters{.weight = record.input(weight, {kOp, "weight"}),
                                        .bias = record.input(bias, {kOp, "bias"})};
  return recorded(record, x, [&] {
    return autograd::normalized_conv_transpose3d(rows, parameters, options, eps);
  });
}

}  // namespace

void bind_recorded(nb::module_& m) {
  nb::class_<Recorded>(m, "_Recorded")
      .def_prop_ro("is_spent", &Recorded::is_spent)
      .def("backward", &Recorded::backward, nb::arg("dy"));
  // None is an array that is not there.
  const auto maybe = [](const char* name) { return nb::arg(name).none(); };
  m.def("_cross_entropy", cross_entropy, nb::arg("scores"), nb::arg("needs"), nb::arg("labels"),
        nb::arg("ignore"), maybe("class_weights"), nb::arg("label_smoothing"));
  m.def("_lovasz_softmax", lovasz_softmax, nb::arg("scores"), nb::arg("needs"), nb::arg("labels"),
        nb::arg("ignore"));
  m.def("_devoxelize", devoxelize, nb::arg("x"), nb::arg("needs"), nb::arg("points"),
        nb::arg("set"), maybe("batch"), nb::arg("voxel_size"), nb::arg("origin"),
        nb::arg("interpolation"), nb::arg("nearest"), nb::arg("renormalize"),
        nb::arg("non_finite"));
  m.def("_to_dense", to_dense, nb::arg("x"), nb::arg("needs"), nb::arg("set"), nb::arg("lo"),
        nb::arg("hi"), nb::arg("batch_size"));
  m.def("_binary", joined, nb::arg("op"), nb::arg("lhs"), nb::arg("rhs"), nb::arg("needs"),
        nb::arg("lhs_set"), nb::arg("rhs_set"), nb::arg("join"), nb::arg("lhs_fill"),
        nb::arg("rhs_fill"));
  m.def("_cat", concatenated, nb::arg("features"), nb::arg("needs"), nb::arg("sets"),
        nb::arg("join"));
  m.def("_reindex", reindexed, nb::arg("x"), nb::arg("needs"), nb::arg("set"), nb::arg("target"),
        nb::arg("fill"));
  m.def("_normalized_subm", normalized_subm, nb::arg("x"), nb::arg("weight"), maybe("bias"),
        nb::arg("needs"), nb::arg("set"), nb::arg("kernel_size"), nb::arg("dilation"),
        nb::arg("groups"), nb::arg("eps"));
  m.def("_normalized_transpose", normalized_transpose, nb::arg("x"), nb::arg("weight"),
        maybe("bias"), nb::arg("needs"), nb::arg("set"), nb::arg("kernel"), maybe("target"),
        nb::arg("groups"), nb::arg("eps"));
}

}  // namespace voxloom::python
