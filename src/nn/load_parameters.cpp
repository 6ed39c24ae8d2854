// Parameters by name: out to a table of tensors, in from one.

#include <algorithm>
#include <cstddef>

#include "core/error.h"
#include "ops/dense_arguments.h"
#include "voxloom/module.h"

namespace voxloom::nn {
namespace {

constexpr std::string_view kLoadParametersOp = "nn::load_parameters";

Shape without_ones(const Shape& shape) {
  Shape rest;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(rest), [](auto n) { return n != 1; });
  return rest;
}

// (C_out, Kx, Ky, Kz, C_in/G) for a parameter (K, G, C_in/G, C_out/G).
bool is_output_major(const Shape& shape, const Shape& parameter) {
  return shape.size() == 5 && parameter.size() == 4 && shape[0] == parameter[1] * parameter[3] &&
         shape[1] * shape[2] * shape[3] == parameter[0] && shape[4] == parameter[2];
}

// The tensor as the parameter keeps it.
Tensor fitted(const std::string& name, const Tensor& tensor, const Tensor& parameter) {
  require(tensor.defined() && tensor.dtype() == parameter.dtype(), kLoadParametersOp,
          "'{}' is {}, expected {}", name, tensor, parameter);
  if (is_output_major(tensor.shape(), parameter.shape())) return tensor;
  require(without_ones(tensor.shape()) == without_ones(parameter.shape()), kLoadParametersOp,
          "'{}' is {}, expected {}", name, tensor.shape(), parameter.shape());
  return tensor.reshape(parameter.shape());
}

}  // namespace

NamedTensors parameters_of(const Module& module) {
  NamedTensors tensors;
  for (const NamedParameter& p : module.named_parameters()) tensors.emplace(p.name, *p.value);
  return tensors;
}

void load_parameters(Module& module, const NamedTensors& tensors, const LoadOptions& options) {
  std::vector<std::pair<std::shared_ptr<Tensor>, Tensor>> changes;
  std::size_t used = 0;
  NamedTensors known;
  for (const NamedParameter& p : module.named_parameters()) {
    const std::string name = options.prefix + p.name;
    known.emplace(name, Tensor{});
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      require(options.allow_missing, kLoadParametersOp, "there is no tensor '{}'", name);
      continue;
    }
    ++used;
    changes.emplace_back(p.value, fitted(name, found->second, *p.value));
  }
  for (const auto& [name, tensor] : tensors) {
    require(options.allow_unknown || known.contains(name), kLoadParametersOp,
            "there is no parameter '{}'", name);
  }
  require(used > 0 || tensors.empty(), kLoadParametersOp,
          "none of the {} tensors has a parameter's name", tensors.size());
  // Clones: training changes parameters, never the caller's tensors.
  for (auto& [place, tensor] : changes) {
    const Device device = place->device();
    *place = tensor.device() == device ? tensor.clone() : tensor.to(device);
  }
}

}  // namespace voxloom::nn
