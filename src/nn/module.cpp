#include "voxloom/module.h"

#include "core/error.h"
#include "ops/arithmetic.h"
#include "voxloom/exporter.h"

namespace voxloom::nn {

SparseTensor Module::forward(const SparseTensor& x) const {
  Pass inference;
  return run(x, inference).tensor();
}

std::vector<NamedParameter> Module::named_parameters() {
  std::vector<NamedParameter> parameters;
  collect_parameters("", parameters);
  return parameters;
}

Symbol Module::emit(Exporter& /*to*/, const std::string& prefix, Symbol /*x*/) const {
  fail("nn::Module::emit", "the module '{}' cannot be written as a graph", prefix);
}

void update_statistics(Module& module, const Pass& pass, float momentum) {
  for (const NamedParameter& parameter : module.named_parameters()) {
    const Tensor seen = pass.statistic(*parameter.value);
    if (!seen.defined()) continue;
    *parameter.value = combined(*parameter.value, 1.0F - momentum, seen, momentum);
  }
}

}  // namespace voxloom::nn
