#include "voxloom/graph_builder.h"

#include <algorithm>

#include "artifact/bundle/bundle.h"
#include "artifact/export/conv_weight_layout.h"
#include "artifact/graph/names.h"
#include "artifact/verify/verifier.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kOp = "graph_builder";

// In one of IR v2's operations every attribute is written; in ours, only what is not the default.
void complete_attributes(const OpSpec& spec, Attributes& attributes) {
  for (const AttributeSpec& row : spec.attributes) {
    if (!row.fallback) continue;
    const auto found = attributes.find(row.name);
    if (!spec.is_extension()) {
      if (found == attributes.end()) attributes.emplace(row.name, Attribute(*row.fallback));
    } else if (found != attributes.end() && found->second.value == *row.fallback) {
      attributes.erase(found);
    }
  }
}

std::string short_name(std::string_view op) { return std::string(op.substr(op.rfind('.') + 1)); }

}  // namespace

class GraphBuilder::Impl {
 public:
  int add_value(std::string name, const ValueType& type, Facts facts) {
    graph_.values.push_back({.name = std::move(name), .type = type});
    facts_.push_back(std::move(facts));
    return static_cast<int>(graph_.values.size()) - 1;
  }

  ValueRef add_input(const std::string& name, InputRole role, const TensorType& type) {
    require(!name.empty(), kOp, "an input needs a name");
    for (const Graph::Input& input : graph_.inputs) {
      require(input.name != name, kOp, "two inputs are named '{}'", name);
    }
    const int value = add_value(name, type, facts_of(type));
    graph_.inputs.push_back({.name = name, .role = role, .value = value});
    return {value};
  }

  void add_output(const std::string& name, ValueRef value) {
    require(!name.empty(), kOp, "an output needs a name");
    for (const Graph::Output& output : graph_.outputs) {
      require(output.name != name, kOp, "two outputs are named '{}'", name);
    }
    const ValueKind kind = kind_of(graph_.value(checked(value)).type);
    require(kind != ValueKind::weight, kOp, "output '{}' is a weight", name);
    graph_.outputs.push_back(
        {.name = name,
         .role = kind == ValueKind::tensor ? OutputRole::tensor : OutputRole::sparse_tensor,
         .value = value.id});
  }

  ValueRef add_weight(const std::string& key, const WeightType& type, const Packing& packing,
                      TensorMap arrays) {
    for (const auto& [name, tensor] : arrays) {
      require(!arrays_.tensors.contains(name), kOp, "there is an array '{}' already", name);
    }
    arrays_.tensors.merge(arrays);
    std::string symbol = key;
    std::ranges::replace(symbol, '.', '_');
    Graph::Op op{.name = std::string(kWeightOp),
                 .attributes = {{std::string(kSymbolAttribute), symbol},
                                {"storage_key", key},
                                {"layout", layout_of(type.family)},
                                {"packing", packing_attribute(packing)}}};
    op.results.push_back(add_value(take_name(symbol), type, facts_of(type)));
    try {
      check([&](Reporter& reporter) {
        (void)check_attributes(op, *find_op(kWeightOp), reporter);
        facts_.back().weight = check_weight(graph_, op, arrays_, reporter);
      });
    } catch (...) {
      for (const std::string& name : arrays_of(op)) arrays_.tensors.erase(name);
      drop_last_value();
      throw;
    }
    graph_.ops.push_back(std::move(op));
    return {graph_.ops.back().results[0]};
  }

  std::vector<ValueRef> add_op(std::string_view name, const std::vector<ValueRef>& operands,
                               Attributes attributes) {
    const OpSpec* spec = find_op(name);
    require(spec != nullptr && name != kWeightOp, kOp, "there is no operation '{}'", name);
    Graph::Op op{.name = std::string(name), .attributes = std::move(attributes)};
    for (const ValueRef operand : operands) op.operands.push_back(checked(operand));
    complete_attributes(*spec, op.attributes);
    std::vector<Facts> results;
    check([&](Reporter& reporter) {
      if (!check_attributes(op, *spec, reporter)) return;
      const auto slots = check_operands(graph_, op, *spec, reporter);
      if (!slots) return;
      Inference inference(OpView(*spec, op, *slots), facts_, reporter);
      spec->infer(inference);
      results = std::move(inference.results());
    });
    const std::string base = take_name(fmt::format("{}_{}", short_name(name), graph_.ops.size()));
    for (std::size_t i = 0; i < results.size(); ++i) {
      const ValueType type = results[i].type;
      op.results.push_back(
          add_value(i == 0 ? base : fmt::format("{}_{}", base, i), type, std::move(results[i])));
    }
    graph_.ops.push_back(std::move(op));
    std::vector<ValueRef> values;
    for (const int id : graph_.ops.back().results) values.push_back({id});
    return values;
  }

  [[nodiscard]] int checked(ValueRef value) const {
    require(value.id >= 0 && static_cast<std::size_t>(value.id) < graph_.values.size(), kOp,
            "an operand is not a value of this graph");
    return value.id;
  }

  [[nodiscard]] const Facts& facts(ValueRef value) const {
    return facts_[static_cast<std::size_t>(checked(value))];
  }

  [[nodiscard]] Bundle bundle() const {
    Bundle result{.graph = graph_, .weights = arrays_.tensors};
    result.graph.extensions = needs_extensions(graph_);
    const Diagnostics diagnostics = verify_bundle(result);
    require(!has_errors(diagnostics), kOp, "{}",
            has_errors(diagnostics) ? summary(diagnostics) : "");
    return result;
  }

  std::string next_name;

 private:
  std::string take_name(std::string otherwise) {
    return next_name.empty() ? std::move(otherwise) : std::exchange(next_name, {});
  }

  void drop_last_value() {
    graph_.values.pop_back();
    facts_.pop_back();
  }

  template <typename Body>
  void check(Body body) {
    Diagnostics diagnostics;
    Reporter reporter("graph", diagnostics);
    body(reporter);
    if (!diagnostics.empty()) fail(kOp, "{}", diagnostics.front().message);
  }

  Graph graph_;
  std::vector<Facts> facts_;
  Safetensors arrays_;
};

GraphBuilder::GraphBuilder() : impl_(std::make_unique<Impl>()) {}
GraphBuilder::~GraphBuilder() = default;
GraphBuilder::GraphBuilder(GraphBuilder&&) noexcept = default;
GraphBuilder& GraphBuilder::operator=(GraphBuilder&&) noexcept = default;

ValueRef GraphBuilder::tensor_input(const std::string& name, const TensorType& type) {
  return impl_->add_input(name, InputRole::tensor, type);
}

ValueRef GraphBuilder::sparse_input(const std::string& name, const SparseInput& input) {
  require(input.channels > 0 && is_feature_dtype(input.dtype), kOp,
          "input '{}' needs at least one channel of float32, float16 or bfloat16, got {} of {}",
          name, input.channels, name_of(input.dtype));
  const ElementType element = element_type_of(input.dtype);
  const ValueRef coords = impl_->add_input(name + "_coords", InputRole::sparse_coords,
                                           {{kDynamic, 4}, ElementType::i32});
  const ValueRef values = impl_->add_input(name + "_features", InputRole::sparse_features,
                                           {{kDynamic, input.channels}, element});
  const ValueRef active =
      impl_->add_input(name + "_active", InputRole::sparse_active, {{1}, ElementType::i32});
  named(name);
  if (input.batch_size < 0) {
    return first("lattice.sparse.make", {coords, values, active}, {{"stride", input.stride}});
  }
  return first("voxloom.sparse.make", {coords, values, active},
               {{"stride", input.stride}, {"batch_size", input.batch_size}});
}

void GraphBuilder::output(const std::string& name, ValueRef value) {
  impl_->add_output(name, value);
}

ValueRef GraphBuilder::weight(const std::string& key, WeightFamily family, const Weight& value) {
  require(!key.empty(), kOp, "a weight needs a storage key");
  if (const auto* packed = std::get_if<QuantizedWeight>(&value)) {
    validate(*packed);
    return impl_->add_weight(
        key, {family, ElementType::f32},
        {.bits = packed->bits, .group_size = packed->group_size, .scale = packed->scales.dtype()},
        {{key + ".weight", packed->codes},
         {key + ".scales", packed->scales},
         {key + ".biases", packed->biases}});
  }
  const Tensor& dense = std::get<Tensor>(value);
  require(dense.defined() && is_feature_dtype(dense.dtype()), kOp,
          "weight '{}' must hold float32, float16 or bfloat16", key);
  return impl_->add_weight(key, {family, element_type_of(dense.dtype())}, {}, {{key, dense}});
}

ValueRef GraphBuilder::conv_weight(const std::string& key, const Weight& value, Triple kernel_size,
                                   std::int32_t groups) {
  const auto* dense = std::get_if<Tensor>(&value);
  return weight(key, WeightFamily::conv3d,
                dense == nullptr ? value : Weight(as_box_weight(*dense, kernel_size, groups)));
}

GraphBuilder& GraphBuilder::named(std::string name) {
  impl_->next_name = std::move(name);
  return *this;
}

std::vector<ValueRef> GraphBuilder::op(std::string_view name, const std::vector<ValueRef>& operands,
                                       Attributes attributes) {
  return impl_->add_op(name, operands, std::move(attributes));
}

ValueRef GraphBuilder::first(std::string_view name, const std::vector<ValueRef>& operands,
                             Attributes attributes) {
  return op(name, operands, std::move(attributes))[0];
}

std::int64_t GraphBuilder::channels(ValueRef value) const { return impl_->facts(value).channels; }
Bundle GraphBuilder::bundle() const { return impl_->bundle(); }
void GraphBuilder::save(const std::filesystem::path& folder) const {
  write_bundle(folder, bundle());
}

}  // namespace voxloom::artifact
