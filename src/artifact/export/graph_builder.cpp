#include "voxloom/graph_builder.h"

#include <algorithm>

#include "artifact/bundle/bundle.h"
#include "artifact/export/conv_weight_layout.h"
#include "artifact/export/weight_op.h"
#include "artifact/verify/plain_form.h"
#include "artifact/verify/verifier.h"
#include "core/error.h"

namespace voxloom::artifact {
namespace {

constexpr std::string_view kGraphBuilderOp = "graph_builder";

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
    require(!name.empty(), kGraphBuilderOp, "an input needs a name");
    for (const Graph::Input& input : graph_.inputs) {
      require(input.name != name, kGraphBuilderOp, "two inputs are named '{}'", name);
    }
    const int value = add_value(name, type, facts_of(type));
    graph_.inputs.push_back({.name = name, .role = role, .value = value});
    return {value};
  }

  void add_output(const std::string& name, ValueRef value) {
    require(!name.empty(), kGraphBuilderOp, "an output needs a name");
    for (const Graph::Output& output : graph_.outputs) {
      require(output.name != name, kGraphBuilderOp, "two outputs are named '{}'", name);
    }
    const ValueKind kind = kind_of(graph_.value(checked(value)).type);
    require(kind != ValueKind::weight, kGraphBuilderOp, "output '{}' is a weight", name);
    graph_.outputs.push_back(
        {.name = name,
         .role = kind == ValueKind::tensor ? OutputRole::tensor : OutputRole::sparse_tensor,
         .value = value.id});
  }

  ValueRef add_weight(const std::string& key, WeightOp weight) {
    for (const auto& [name, tensor] : weight.arrays) {
      require(!arrays_.tensors.contains(name), kGraphBuilderOp, "there is an array '{}' already",
              name);
    }
    arrays_.tensors.merge(weight.arrays);
    Graph::Op op{.name = std::string(kWeightOp), .attributes = std::move(weight.attributes)};
    op.results.push_back(add_value(take_name(symbol_of(key)), weight.type, facts_of(weight.type)));
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
    require(spec != nullptr && name != kWeightOp, kGraphBuilderOp, "there is no operation '{}'",
            name);
    Graph::Op op{.name = std::string(name), .attributes = std::move(attributes)};
    for (const ValueRef operand : operands) op.operands.push_back(checked(operand));
    return add(std::move(op), *spec);
  }

  std::vector<ValueRef> add_call(std::string_view name, const NamedRefs& operands,
                                 Attributes attributes) {
    const OpSpec* spec = find_row(name);
    require(spec != nullptr && spec->name != kWeightOp, kGraphBuilderOp,
            "there is no operation '{}'", name);
    Graph::Op op{.name = std::string(spec->name), .attributes = std::move(attributes)};
    for (const OperandSpec& row : spec->operands) {
      for (const auto& [operand, value] : operands) {
        if (operand == row.name && value.defined()) op.operands.push_back(checked(value));
      }
    }
    for (const auto& [operand, value] : operands) {
      const bool is_known =
          std::ranges::find(spec->operands, operand, &OperandSpec::name) != spec->operands.end();
      require(is_known || !value.defined(), spec->name, "has no operand '{}'", operand);
    }
    if (op.name == "voxloom.sparse.cat" && is_pairwise(op)) return {add_pairs(op)};
    std::optional<Graph::Op> plain = plain_form(graph_, op);
    if (!plain) return add(std::move(op), *spec);
    // Looked up first: compilers differ in which argument they move from before they read the others.
    const OpSpec* plain_spec = find_op(plain->name);
    return add(std::move(*plain), *plain_spec);
  }

  [[nodiscard]] int checked(ValueRef value) const {
    require(value.id >= 0 && static_cast<std::size_t>(value.id) < graph_.values.size(),
            kGraphBuilderOp, "an operand is not a value of this graph");
    return value.id;
  }

  [[nodiscard]] const Facts& facts(ValueRef value) const {
    return facts_[static_cast<std::size_t>(checked(value))];
  }

  [[nodiscard]] Bundle bundle() const {
    Bundle result{.graph = graph_, .weights = arrays_.tensors};
    result.graph.extensions = needs_extensions(graph_);
    const Diagnostics diagnostics = verify_bundle(result);
    require(!has_errors(diagnostics), kGraphBuilderOp, "{}",
            has_errors(diagnostics) ? summary(diagnostics) : "");
    return result;
  }

  std::string next_name;

 private:
  std::string take_name(std::string otherwise) {
    return next_name.empty() ? std::move(otherwise) : std::exchange(next_name, {});
  }

  std::vector<ValueRef> add(Graph::Op op, const OpSpec& spec) {
    complete_attributes(spec, op.attributes);
    std::vector<Facts> results;
    check([&](Reporter& reporter) {
      if (!check_attributes(op, spec, reporter)) return;
      const auto slots = check_operands(graph_, op, spec, reporter);
      if (!slots) return;
      Inference inference(OpView(spec, op, *slots), facts_, reporter);
      spec.infer(inference);
      results = std::move(inference.results());
    });
    const std::string base =
        take_name(fmt::format("{}_{}", short_name(op.name), graph_.ops.size()));
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

  // IR v2 joins two tensors. More are joined from the left, pair by pair, except that a right join looks
  // every tensor up directly.
  static bool is_pairwise(const Graph::Op& op) {
    const auto found = op.attributes.find("join");
    const auto* join =
        found == op.attributes.end() ? nullptr : std::get_if<EnumValue>(&found->second.value);
    const bool is_right = join != nullptr && join->value == "right";
    return op.operands.size() == 2 || (op.operands.size() > 2 && !is_right);
  }
  ValueRef add_pairs(const Graph::Op& op) {
    ValueRef result{op.operands[0]};
    for (std::size_t i = 1; i < op.operands.size(); ++i) {
      result = add_op("lattice.sparse.cat", {result, {op.operands[i]}}, op.attributes)[0];
    }
    return result;
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
    if (!diagnostics.empty()) fail(kGraphBuilderOp, "{}", diagnostics.front().message);
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
  require(input.channels > 0 && is_feature_dtype(input.dtype), kGraphBuilderOp,
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
    return op("lattice.sparse.make", {coords, values, active}, {{"stride", input.stride}})[0];
  }
  return op("voxloom.sparse.make", {coords, values, active},
            {{"stride", input.stride}, {"batch_size", input.batch_size}})[0];
}

void GraphBuilder::output(const std::string& name, ValueRef value) {
  impl_->add_output(name, value);
}

ValueRef GraphBuilder::weight(const std::string& key, WeightFamily family, const Weight& value) {
  return impl_->add_weight(key, describe_weight(key, family, value));
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

std::vector<ValueRef> GraphBuilder::call(std::string_view name, const NamedRefs& operands,
                                         Attributes attributes) {
  return impl_->add_call(name, operands, std::move(attributes));
}

const ValueType& GraphBuilder::type(ValueRef value) const { return impl_->facts(value).type; }
std::optional<Triple> GraphBuilder::stride(ValueRef value) const {
  return impl_->facts(value).stride;
}
std::int64_t GraphBuilder::channels(ValueRef value) const { return impl_->facts(value).channels; }
Bundle GraphBuilder::bundle() const { return impl_->bundle(); }
void GraphBuilder::save(const std::filesystem::path& folder) const {
  write_bundle(folder, bundle());
}

}  // namespace voxloom::artifact
