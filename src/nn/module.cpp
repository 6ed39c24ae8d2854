#include "voxloom/module.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "nn/type_name.h"
#include "ops/arithmetic.h"

namespace voxloom::nn {
namespace {

std::shared_ptr<const QuantizedWeight> copy_of(const std::shared_ptr<const QuantizedWeight>& w) {
  if (w == nullptr) return nullptr;
  QuantizedWeight copy = *w;
  copy.codes = w->codes.clone();
  copy.scales = w->scales.clone();
  copy.biases = w->biases.clone();
  return std::make_shared<const QuantizedWeight>(std::move(copy));
}

// Tables of parameters would hold one of two, and files as well.
void require_own_names(const Module& module, const std::vector<NamedParameter>& parameters) {
  std::vector<const NamedParameter*> by_name;
  for (const NamedParameter& p : parameters) by_name.push_back(&p);
  std::ranges::sort(by_name, [](const auto* a, const auto* b) { return a->name < b->name; });
  for (std::size_t i = 1; i < by_name.size(); ++i) {
    const NamedParameter &a = *by_name[i - 1], &b = *by_name[i];
    if (a.name != b.name || (a.value == b.value && a.packed == b.packed)) continue;
    fail("nn::Module", "two parameters of {} are named '{}'", type_name(module), b.name);
  }
}

}  // namespace

Parameter::Parameter(Tensor value) : Parameter() { place_->dense = std::move(value); }

Parameter::Parameter(QuantizedWeight value) : Parameter() {
  place_->packed = std::make_shared<const QuantizedWeight>(std::move(value));
}

Parameter::Parameter(const Parameter& other) : Parameter() {
  if (other.tensor().defined()) place_->dense = other.tensor().clone();
  place_->packed = copy_of(other.packed());
}

Parameter& Parameter::operator=(const Parameter& other) { return *this = Parameter(other); }

// The place stays: others hold it.
Parameter& Parameter::operator=(Parameter&& other) noexcept {
  if (place_ == nullptr) place_ = std::move(other.place_);
  if (other.place_ != nullptr && other.place_ != place_) *place_ = *other.place_;
  return *this;
}

const Parameter::Place& Parameter::content() const {
  static const Place nothing{};
  return place_ == nullptr ? nothing : *place_;
}

Weight Parameter::weight() const {
  if (is_packed()) return *packed();
  return tensor();
}

std::shared_ptr<Tensor> Parameter::place() const {
  if (place_ == nullptr || is_packed()) return nullptr;
  return {place_, &place_->dense};
}

void collect(const std::string& name, const Parameter& parameter, std::vector<NamedParameter>& to,
             bool is_trained) {
  if (!parameter.defined()) return;
  to.push_back({name, parameter.place(), is_trained && !parameter.is_packed(), parameter.packed()});
}

SparseTensor Module::forward(const SparseTensor& x) const {
  Pass inference;
  return run(x, inference).tensor();
}

std::vector<NamedParameter> Module::named_parameters() const {
  std::vector<NamedParameter> parameters;
  collect_parameters("", parameters);
  require_own_names(*this, parameters);
  std::erase_if(parameters, [](const NamedParameter& p) { return p.value == nullptr; });
  return parameters;
}

std::unique_ptr<Module> Module::clone() const {
  fail("nn::Module::clone", "{} does not say how it is copied: override clone()", type_name(*this));
}

void update_statistics(const Module& module, const Pass& pass, float momentum) {
  for (const NamedParameter& parameter : module.named_parameters()) {
    const Tensor seen = pass.statistic(*parameter.value);
    if (!seen.defined()) continue;
    *parameter.value = combined(*parameter.value, 1.0F - momentum, seen, momentum);
  }
}

}  // namespace voxloom::nn
