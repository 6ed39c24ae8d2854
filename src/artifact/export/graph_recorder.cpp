#include "artifact/export/graph_recorder.h"

#include <algorithm>

#include "artifact/tiles/reach.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

using autograd::OperationCall;
using autograd::Variable;
using autograd::VariableWeight;

const Tensor& array_of(const Weight& value) {
  const auto* packed = std::get_if<QuantizedWeight>(&value);
  return packed != nullptr ? packed->codes : std::get<Tensor>(value);
}

// Whoever trains the module further changes its tensors in place.
Weight copy_of(const Weight& value) {
  const auto* dense = std::get_if<Tensor>(&value);
  return dense == nullptr ? value : Weight(dense->clone());
}

bool is_defined(const VariableWeight& value) {
  const auto* variable = std::get_if<Variable>(&value);
  return variable == nullptr || variable->defined();
}

Triple kernel_size_of(const OperationCall& call) {
  const auto& size = std::get<std::vector<std::int64_t>>(call.attributes.at("kernel_size").value);
  return {static_cast<std::int32_t>(size.at(0)), static_cast<std::int32_t>(size.at(1)),
          static_cast<std::int32_t>(size.at(2))};
}

std::int32_t groups_of(const OperationCall& call) {
  const auto found = call.attributes.find("groups");
  if (found == call.attributes.end()) return 1;
  return static_cast<std::int32_t>(std::get<std::int64_t>(found->second.value));
}

WeightFamily family_of(const OperationCall& call, const OperandSpec& spec) {
  const bool may_be_list =
      std::ranges::find(spec.families, WeightFamily::kernel) != spec.families.end();
  if (may_be_list && call.attributes.contains("offsets")) return WeightFamily::kernel;
  return spec.families.at(0);
}

// What an array is stored as: its family, the kernel that it is laid out for, its type and shape.
std::vector<std::int64_t> form_of(const OperationCall& call, WeightFamily family,
                                  const Tensor& array) {
  std::vector<std::int64_t> form = {static_cast<std::int64_t>(family)};
  if (family == WeightFamily::conv3d) {
    const Triple size = kernel_size_of(call);
    form.insert(form.end(), {size.x, size.y, size.z, groups_of(call)});
  }
  form.push_back(static_cast<std::int64_t>(array.dtype()));
  form.insert(form.end(), array.shape().begin(), array.shape().end());
  return form;
}

}  // namespace

GraphRecorder::GraphRecorder(GraphBuilder& builder, const ArrayNames& names) : b_(&builder) {
  for (const auto& [place, name] : names) name_place(place, name);
}

void GraphRecorder::name_place(const ArrayPlace& place, const std::string& name) {
  if (names_.emplace(place, name).second) taken_.insert(name);
}

GraphBuilder& GraphRecorder::builder() const {
  require(b_ != nullptr, "trace", "a value was used whose trace is over");
  return *b_;
}

Variable GraphRecorder::symbol_of(ValueRef value) {
  const bool is_sparse = std::holds_alternative<SparseType>(builder().type(value));
  return add(is_sparse ? Entry{.sites = value, .whole = value} : Entry{.features = value});
}

ValueRef GraphRecorder::value_of(const Variable& symbol) {
  Entry& entry = entry_of(symbol);
  return entry.sites.defined() ? whole(entry) : entry.features;
}

Variable GraphRecorder::add(const Entry& entry) {
  const ValueRef known = entry.features.defined() ? entry.features : entry.whole;
  autograd::Symbol symbol{.recorder = shared_from_this(),
                          .id = static_cast<int>(entries_.size()),
                          .is_sparse = entry.sites.defined(),
                          .channels = builder().channels(known),
                          .dtype = dtype_of_element(element_of(builder().type(known)))};
  if (symbol.is_sparse) symbol.stride = builder().stride(entry.sites);
  entries_.push_back(entry);
  return Variable(std::move(symbol));
}

GraphRecorder::Entry& GraphRecorder::entry_of(const Variable& symbol) {
  require(symbol.is_symbolic() && symbol.symbol().recorder.get() == this, "trace",
          "expected a value that was traced here, got {}",
          symbol.is_symbolic() ? "one of another trace" : "a constant");
  return entries_.at(static_cast<std::size_t>(symbol.symbol().id));
}

ValueRef GraphRecorder::whole(Entry& entry) {
  if (!entry.whole.defined()) entry.whole = builder().with_features(entry.sites, entry.features);
  return entry.whole;
}

ValueRef GraphRecorder::features(Entry& entry) {
  if (!entry.features.defined()) entry.features = builder().features(entry.whole);
  return entry.features;
}

Variable GraphRecorder::record(const OperationCall& call) {
  const OpSpec* row = find_row(call.name);
  require(row != nullptr, call.name, "cannot be written as a graph");
  NamedRefs refs;
  ValueRef rows;  // of the sparse tensor whose features go through an operation on rows
  for (const OperationCall::Operand& given : call.operands) {
    if (!is_defined(given.value)) continue;
    const auto spec = std::ranges::find(row->operands, given.name, &OperandSpec::name);
    require(spec != row->operands.end(), call.name, "has no operand '{}' in a graph", given.name);
    refs.emplace_back(spec->name, operand(call, *spec, given.value));
    const auto* variable = std::get_if<Variable>(&given.value);
    const bool is_rowwise = spec->kind == ValueKind::tensor && row->reach == reach_of_rows;
    if (is_rowwise && variable != nullptr && variable->is_sparse()) {
      rows = entry_of(*variable).sites;
    }
  }
  if (call.name == "sparse.decompose" && call.result == 1) {
    return add({.features = features(entry_of(std::get<Variable>(call.operands.at(0).value)))});
  }
  const ValueRef result = builder().call(call.name, refs, call.attributes).at(call.result);
  return rows.defined() ? add({.sites = rows, .features = result}) : symbol_of(result);
}

ValueRef GraphRecorder::operand(const OperationCall& call, const OperandSpec& spec,
                                const VariableWeight& value) {
  const auto* variable = std::get_if<Variable>(&value);
  if (variable != nullptr && variable->is_symbolic()) {
    Entry& entry = entry_of(*variable);
    return spec.kind == ValueKind::tensor ? features(entry) : value_of(*variable);
  }
  require(spec.kind == ValueKind::weight, call.name,
          "'{}' is a constant: a graph holds constants as weights alone", spec.name);
  if (variable == nullptr) return weight(call, spec, std::get<QuantizedWeight>(value));
  return weight(call, spec, variable->value());
}

ValueRef GraphRecorder::weight(const OperationCall& call, const OperandSpec& spec,
                               const Weight& value) {
  const Tensor& array = array_of(value);
  const WeightFamily family = family_of(call, spec);
  std::pair place(array.raw(), form_of(call, family, array));
  if (const auto found = weights_.find(place); found != weights_.end()) {
    return found->second.value;
  }
  const std::string key = storage_key(array);
  const ValueRef made =
      family == WeightFamily::conv3d
          ? builder().conv_weight(key, copy_of(value), kernel_size_of(call), groups_of(call))
          : builder().weight(key, family, copy_of(value));
  weights_.emplace(std::move(place), Stored{made, value});
  return made;
}

// The array's name, or one of ours; with a number where it is stored in another form already. Never the
// name of another array: who loads by names would take one for the other.
std::string GraphRecorder::storage_key(const Tensor& array) {
  const auto name = names_.find({array.raw(), array.bytes()});
  const bool has_name = name != names_.end();
  const std::string stem = has_name ? name->second : fmt::format("constant_{}", weights_.size());
  const auto is_of_another = [&](const std::string& key) {
    return taken_.contains(key) && !(has_name && key == stem);
  };
  std::string key = stem;
  for (int form = 2; is_of_another(key) || !keys_.insert(key).second; ++form) {
    key = fmt::format("{}_{}", stem, form);
  }
  return key;
}

}  // namespace voxloom::artifact
