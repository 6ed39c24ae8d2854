// Modules made of modules.

#include <fmt/core.h>

#include "nn/fold.h"
#include "voxloom/nn.h"

namespace voxloom::nn {

Variable Sequential::run(const Variable& x, Pass& pass) const {
  Variable y = x;
  for (const auto& module : modules_) y = module->run(y, pass);
  return y;
}

Symbol Sequential::emit(Exporter& to, const std::string& prefix, Symbol x) const {
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    const std::string name = fmt::format("{}{}.", prefix, i);
    const auto* product = dynamic_cast<const ConvolutionBase*>(modules_[i].get());
    const auto* norm = product == nullptr || i + 1 == modules_.size()
                           ? nullptr
                           : dynamic_cast<const BatchNorm*>(modules_[i + 1].get());
    if (norm != nullptr && to.folds_norms() && can_fold(*product)) {
      const FoldedProduct folded = fold(*product, *norm);
      x = product->emit_product(to, x, {name, folded.weight, folded.bias});
      ++i;
    } else {
      x = modules_[i]->emit(to, name, x);
    }
  }
  return x;
}

void Sequential::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    modules_[i]->collect_parameters(fmt::format("{}{}.", prefix, i), to);
  }
}

Variable Residual::run(const Variable& x, Pass& pass) const {
  const Variable side = shortcut.empty() ? x : shortcut.run(x, pass);
  const Variable y = autograd::add(body.run(x, pass), side);
  return relu ? autograd::activate(y, Activation::relu) : y;
}

Symbol Residual::emit(Exporter& to, const std::string& prefix, Symbol x) const {
  const Symbol side = shortcut.empty() ? x : shortcut.emit(to, prefix + "shortcut.", x);
  const Symbol y = to.add(body.emit(to, prefix + "body.", x), side);
  return relu ? to.activate(y, Activation::relu, {}) : y;
}

void Residual::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& to) {
  body.collect_parameters(prefix + "body.", to);
  shortcut.collect_parameters(prefix + "shortcut.", to);
}

}  // namespace voxloom::nn
