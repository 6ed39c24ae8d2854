// Parameters by name: out to a table of tensors, in from one.

#include <algorithm>
#include <cstring>
#include <map>

#include "core/dispatch.h"
#include "core/error.h"
#include "ops/conv_weight.h"
#include "voxloom/module.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kLoadParametersOp = "nn::load_parameters";
constexpr std::string_view kBatchCount = "num_batches_tracked";

Shape without_ones(const Shape& shape) {
  Shape rest;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(rest), [](auto n) { return n != 1; });
  return rest;
}

// Every float16 and bfloat16 number is one of float32; the other way would round in silence.
bool is_of_type(const Tensor& tensor, const Tensor& parameter) {
  return tensor.defined() &&
         (tensor.dtype() == parameter.dtype() ||
          (parameter.dtype() == DType::f32 && is_feature_dtype(tensor.dtype())));
}

WeightContext context_of(const KernelShape& kernel, DType dtype) {
  return {.op = kLoadParametersOp,
          .kernel_size = kernel.box.value_or(Triple(1)),
          .volume = kernel.volume,
          .is_box = kernel.box.has_value(),
          .in_channels = kernel.in,
          .groups = kernel.groups,
          .dtype = dtype};
}

// The tensor seen as W[k][g][i][o]; nothing where no layout fits.
std::optional<engine::WeightView> view_of(const Tensor& tensor, const KernelShape& kernel,
                                          const LoadOptions& options) {
  const bool is_matrix =
      tensor.rank() == 2 && kernel.volume == 1 && kernel.groups == 1 && !kernel.is_linear;
  const Shape seen_as = is_matrix && options.matrices_are_in_out
                            ? Shape{1, tensor.dim(0), tensor.dim(1)}
                            : tensor.shape();
  try {
    const Tensor seen = tensor.reshape(seen_as);
    const engine::WeightView view = check_weight(context_of(kernel, tensor.dtype()), seen).view;
    if (view.groups * view.out == kernel.out) return view;
  } catch (const std::invalid_argument&) {  // what would fit is said with the parameter's name
  }
  return std::nullopt;
}

// The order in which the module keeps a weight.
Shape kept_shape(const KernelShape& k) {
  if (k.is_linear) return {k.out, k.in};
  return {k.volume, k.groups, k.in / k.groups, k.out / k.groups};
}

Tensor kept(const engine::WeightView& from, const KernelShape& kernel) {
  Tensor to = Tensor::empty(kept_shape(kernel), from.dtype);
  visit_feature_dtype(kLoadParametersOp, from.dtype, [&]<typename T>() {
    const T* source = reinterpret_cast<const T*>(from.data);
    T* target = to.mutable_data<T>();
    if (kernel.is_linear) {
      for (std::int64_t o = 0; o < from.out; ++o) {
        for (std::int64_t i = 0; i < from.in; ++i) *target++ = source[from.at(0, 0, i, o)];
      }
      return;
    }
    for (std::int64_t k = 0; k < from.volume; ++k) {
      for (std::int64_t g = 0; g < from.groups; ++g) {
        for (std::int64_t i = 0; i < from.in; ++i) {
          for (std::int64_t o = 0; o < from.out; ++o) *target++ = source[from.at(k, g, i, o)];
        }
      }
    }
  });
  return to;
}

// The tensor as the parameter keeps it, in memory of its own: training changes parameters, never the
// caller's tensors.
Tensor fitted(const std::string& name, const Tensor& given, const NamedParameter& parameter,
              const LoadOptions& options) {
  const Tensor& now = *parameter.value;
  require(is_of_type(given, now), kLoadParametersOp, "'{}' is {}, expected {}", name, given, now);
  const Tensor tensor = given.to(Device{});
  Tensor result;
  if (parameter.kernel) {
    // By its layout alone: axes of the same sizes may stand in another order.
    const KernelShape& kernel = *parameter.kernel;
    const auto view = view_of(tensor, kernel, options);
    const bool has_two_orders = kernel.volume == 1 && kernel.groups == 1 && !kernel.is_linear;
    require(view.has_value(), kLoadParametersOp, "'{}' is {}, expected {}{}", name, tensor.shape(),
            kept_shape(kernel),
            has_two_orders ? ", or (C_out,C_in); LoadOptions::matrices_are_in_out turns it" : "");
    result = kept(*view, kernel);
  } else {
    require(without_ones(tensor.shape()) == without_ones(now.shape()), kLoadParametersOp,
            "'{}' is {}, expected {}", name, tensor.shape(), now.shape());
    result = tensor.clone().reshape(now.shape());
  }
  return result.to(now.dtype()).to(now.device());
}

bool has_bits_of(const Tensor& a, const Tensor& b) {
  const Tensor x = a.to(Device{}), y = b.to(Device{});
  return x.dtype() == y.dtype() && x.shape() == y.shape() &&
         std::memcmp(x.raw(), y.raw(), x.bytes()) == 0;
}

// What each parameter becomes. One that goes by several names is given under any of them, and alike under all that are
// there: files keep such a tensor once or once for each name.
class Changes {
 public:
  void add(const std::string& name, const std::shared_ptr<Tensor>& place, Tensor tensor) {
    const auto found = changes_.find(place);
    if (found == changes_.end()) {
      changes_.emplace(place, Change{name, std::move(tensor)});
      return;
    }
    require(has_bits_of(found->second.tensor, tensor), kLoadParametersOp,
            "'{}' and '{}' are one parameter, but their tensors differ", found->second.name, name);
  }
  // Of one without a tensor: that of another with which it shares its elements, so that it goes on sharing them.
  void add_shared(const std::string& name, const std::shared_ptr<Tensor>& place) {
    if (has(place)) return;
    for (const auto& [other, change] : changes_) {
      if (other->buffer().data != place->buffer().data || other->shape() != place->shape())
        continue;
      changes_.emplace(place, Change{name, change.tensor});
      return;
    }
  }
  [[nodiscard]] bool has(const std::shared_ptr<Tensor>& place) const {
    return changes_.contains(place);
  }
  void make() {
    for (auto& [place, change] : changes_) *place = std::move(change.tensor);
  }

 private:
  struct Change {
    std::string name;
    Tensor tensor;
  };
  std::map<std::shared_ptr<Tensor>, Change> changes_;
};

bool is_batch_count(const std::string& name, const NamedTensors& known) {
  if (!name.ends_with(kBatchCount)) return false;
  const std::string norm = name.substr(0, name.size() - kBatchCount.size());
  return known.contains(norm + "running_mean");
}

}  // namespace

NamedTensors parameters_of(const Module& module) {
  NamedTensors tensors;
  for (const NamedParameter& p : module.named_parameters()) tensors.emplace(p.name, *p.value);
  return tensors;
}

void load_parameters(Module& module, const NamedTensors& tensors, const LoadOptions& options) {
  Changes changes;
  std::size_t used = 0;
  NamedTensors known;
  const std::vector<NamedParameter> parameters = module.named_parameters();
  for (const NamedParameter& p : parameters) {
    const std::string name = options.prefix + p.name;
    known.emplace(name, Tensor{});
    const auto found = tensors.find(name);
    if (found == tensors.end()) continue;
    ++used;
    changes.add(name, p.value, fitted(name, found->second, p, options));
  }
  for (const NamedParameter& p : parameters) {
    changes.add_shared(options.prefix + p.name, p.value);
    require(options.allow_missing || changes.has(p.value), kLoadParametersOp,
            "there is no tensor '{}'", options.prefix + p.name);
  }
  for (const auto& [name, tensor] : tensors) {
    require(options.allow_unknown || known.contains(name) || is_batch_count(name, known),
            kLoadParametersOp, "there is no parameter '{}'", name);
  }
  require(used > 0 || tensors.empty(), kLoadParametersOp,
          "none of the {} tensors has a parameter's name", tensors.size());
  changes.make();
}

}  // namespace voxloom::nn
