// Modules made of modules.

#include <fmt/core.h>

#include "voxloom/nn.h"

namespace voxloom::nn {

Variable Sequential::run(const Variable& x, Pass& pass) const {
  Variable y = x;
  for (const auto& module : modules_) y = pass.run(*module, y);
  return y;
}

Sequential::Sequential(const Sequential& other) : Module(other) {
  for (const auto& module : other.modules_) modules_.push_back(module->clone());
}

Sequential& Sequential::operator=(const Sequential& other) { return *this = Sequential(other); }

void Sequential::collect_parameters(const std::string& prefix,
                                    std::vector<NamedParameter>& to) const {
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    modules_[i]->collect_parameters(fmt::format("{}{}.", prefix, i), to);
  }
}

Variable Residual::run(const Variable& x, Pass& pass) const {
  const Variable side = shortcut.empty() ? x : pass.run(shortcut, x);
  const Variable y = autograd::add(pass.run(body, x), side);
  return relu ? autograd::activate(y, Activation::relu) : y;
}

void Residual::collect_parameters(const std::string& prefix,
                                  std::vector<NamedParameter>& to) const {
  body.collect_parameters(prefix + "body.", to);
  shortcut.collect_parameters(prefix + "shortcut.", to);
}

}  // namespace voxloom::nn
