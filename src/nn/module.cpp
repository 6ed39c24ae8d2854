#include <fmt/format.h>

#include "voxloom/nn.h"

namespace voxloom::nn {

std::vector<NamedParameter> Module::named_parameters() {
  std::vector<NamedParameter> parameters;
  collect_parameters("", parameters);
  return parameters;
}

SparseTensor Sequential::forward(const SparseTensor& x) const {
  SparseTensor y = x;
  for (const auto& module : modules_) y = module->forward(y);
  return y;
}

void Sequential::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    modules_[i]->collect_parameters(fmt::format("{}{}.", prefix, i), to);
  }
}

}  // namespace voxloom::nn
