#include "artifact/verify/verifier.h"

#include <algorithm>
#include <set>

#include "artifact/graph/names.h"

namespace voxloom::artifact {
namespace {

class Verifier {
 public:
  Verifier(const Graph& graph, const Safetensors* weights, Reporter& reporter,
           Reporter& weight_reporter)
      : graph_(graph),
        weights_(weights),
        reporter_(reporter),
        weight_reporter_(weight_reporter),
        defined_(graph.values.size()),
        used_(graph.values.size()) {}

  Verification run() {
    for (const Graph::Value& value : graph_.values) {
      result_.values.push_back(facts_of(value.type));
      check_type(value);
    }
    check_inputs();
    for (const Graph::Op& op : graph_.ops) check_op(op);
    check_outputs();
    warn_of_unused();
    return std::move(result_);
  }

 private:
  // --- values ---

  void check_type(const Graph::Value& value) {
    const ElementType element = element_of(value.type);
    const bool codes = element == ElementType::i4 || element == ElementType::i8;
    if (kind_of(value.type) != ValueKind::weight && codes) {
      reporter_.error(value.position, "%{}: only packed weights have elements of type {}",
                      value.name, name_of(element));
    }
    const auto* tensor = std::get_if<TensorType>(&value.type);
    if (tensor != nullptr &&
        std::ranges::any_of(tensor->dims, [](auto d) { return d < kDynamic; })) {
      reporter_.error(value.position, "%{}: there are no dimensions below 0", value.name);
    }
    if (kind_of(value.type) == ValueKind::sparse && element == ElementType::i32) {
      reporter_.error(value.position, "%{}: a sparse tensor holds floats, not i32", value.name);
    }
    if (graph_.extensions) return;
    if (element == ElementType::bf16) needs_permission(value.position, "bfloat16");
    const auto* weight = std::get_if<WeightType>(&value.type);
    if (weight != nullptr && weight->family == WeightFamily::kernel) {
      needs_permission(value.position, "the weight family 'kernel'");
    }
  }

  void needs_permission(Position position, std::string_view what) {
    reporter_.error(position, "{} needs the module attribute voxloom.extensions = 1", what);
  }

  [[nodiscard]] bool exists(int value) const {
    return value >= 0 && static_cast<std::size_t>(value) < graph_.values.size();
  }

  // True when the value may be used here; a missing one of a text was reported by its reader, one of a
  // graph that was made in C++ by nobody.
  bool use(int value, const Graph::Op* op) {
    if (!exists(value)) {
      if (value != -1 || !reporter_.has_errors())
        reporter_.error({}, "there is no value number {}", value);
      return false;
    }
    const auto id = static_cast<std::size_t>(value);
    used_[id] = true;
    if (!defined_[id]) {
      reporter_.error(op == nullptr ? Position{} : op->position,
                      "%{} is not defined before its use", graph_.value(value).name);
    }
    return defined_[id];
  }

  void define(int value, Position position) {
    if (!exists(value)) return reporter_.error(position, "there is no value number {}", value);
    const auto id = static_cast<std::size_t>(value);
    if (defined_[id]) {
      reporter_.error(position, "value number {}, %{}, is defined twice", value,
                      graph_.value(value).name);
    }
    defined_[id] = true;
  }

  // --- the boundary ---

  void check_name(const std::string& name, std::set<std::string>& seen, Position position,
                  std::string_view what) {
    if (name.empty()) {
      reporter_.error(position, "an {} has no name", what);
    } else if (!seen.insert(name).second) {
      reporter_.error(position, "two {}s are named '{}'", what, name);
    }
  }

  void check_inputs() {
    std::set<std::string> names;
    for (const Graph::Input& input : graph_.inputs) {
      define(input.value, {});
      if (!exists(input.value)) continue;
      const Graph::Value& value = graph_.value(input.value);
      check_name(input.name, names, value.position, "input");
      if (kind_of(value.type) != ValueKind::tensor) {
        reporter_.error(value.position, "input '{}' must be a tensor, got {}", input.name,
                        value.type);
      } else if (!role_fits(input.role, std::get<TensorType>(value.type))) {
        reporter_.error(value.position, "input '{}' of role {} cannot be {}", input.name,
                        name_of(input.role), value.type);
      }
    }
  }

  static bool role_fits(InputRole role, const TensorType& type) {
    const std::size_t rank = type.dims.size();
    switch (role) {
      case InputRole::tensor: return true;
      case InputRole::sparse_coords:
        return type.element == ElementType::i32 && rank == 2 && may_equal(type.dims[1], 4);
      case InputRole::sparse_features: return type.element != ElementType::i32 && rank == 2;
      case InputRole::sparse_active:
        return type.element == ElementType::i32 && rank == 1 && may_equal(type.dims[0], 1);
    }
    return false;
  }

  void check_outputs() {
    if (graph_.outputs.empty()) reporter_.error({}, "the graph has no output");
    std::set<std::string> names;
    for (const Graph::Output& output : graph_.outputs) {
      check_name(output.name, names, output.position, "output");
      if (!use(output.value, nullptr)) continue;
      const ValueType& type = graph_.value(output.value).type;
      const bool fits = kind_of(type) ==
                        (output.role == OutputRole::tensor ? ValueKind::tensor : ValueKind::sparse);
      if (!fits && kind_of(type) == ValueKind::sparse) {
        reporter_.warning(
            output.position,
            "output '{}' has the role tensor, but is a sparse tensor: its type counts",
            output.name);
      } else if (!fits) {
        reporter_.error(output.position, "output '{}' of role {} cannot be {}", output.name,
                        name_of(output.role), type);
      }
    }
  }

  void warn_of_unused() {
    for (const Graph::Input& input : graph_.inputs) {
      if (!exists(input.value) || used_[static_cast<std::size_t>(input.value)]) continue;
      reporter_.warning(graph_.value(input.value).position, "input '{}' is never used", input.name);
    }
    if (weights_ == nullptr) return;
    const auto warn = [&](const std::string& name) {
      if (named_arrays_.contains(name)) return;
      weight_reporter_.warning({}, "array '{}' belongs to no weight of the graph", name);
    };
    for (const auto& [name, tensor] : weights_->tensors) warn(name);
    for (const auto& [name, type] : weights_->unreadable) warn(name);
  }

  // --- operations ---

  void check_op(const Graph::Op& op) {
    std::vector<Slot>& slots = result_.op_slots.emplace_back();
    const OpSpec* spec = find_op(op.name);
    bool sound = spec != nullptr;
    if (!sound) {
      reporter_.error(op.position, "unknown operation '{}'", op.name);
    } else if (spec->is_extension() && !graph_.extensions) {
      needs_permission(op.position, op.name);
    }
    for (const int operand : op.operands) sound = use(operand, &op) && sound;
    if (spec != nullptr) {
      sound = check_attributes(op, *spec, reporter_) && sound;
      sound = check_result_kinds(op, *spec) && sound;
      const auto matched = sound ? check_operands(graph_, op, *spec, reporter_) : std::nullopt;
      if (matched) {
        slots = *matched;
        infer(op, *spec, slots);
      }
    }
    for (const int value : op.results) define(value, op.position);
  }

  bool check_result_kinds(const Graph::Op& op, const OpSpec& spec) {
    if (op.results.size() != spec.results.size()) {
      reporter_.error(op.position, "{}: has {} results, not {}", op.name, spec.results.size(),
                      op.results.size());
      return false;
    }
    for (std::size_t i = 0; i < op.results.size(); ++i) {
      if (!exists(op.results[i])) return false;
      const ValueType& type = graph_.value(op.results[i]).type;
      if (kind_of(type) == spec.results[i]) continue;
      reporter_.error(op.position, "{}: result {} is a {}, not {}", op.name, i + 1,
                      name_of(spec.results[i]), type);
      return false;
    }
    return true;
  }

  void infer(const Graph::Op& op, const OpSpec& spec, const std::vector<Slot>& slots) {
    if (op.name == kWeightOp) return infer_weight(op);
    Inference inference(OpView(spec, op, slots), result_.values, reporter_);
    spec.infer(inference);
    for (std::size_t i = 0; i < op.results.size() && i < inference.results().size(); ++i) {
      merge(op, op.results[i], std::move(inference.results()[i]));
    }
  }

  void infer_weight(const Graph::Op& op) {
    const auto type = std::get<WeightType>(graph_.value(op.results[0]).type);
    if (!check_weight_type(op, type)) return;
    for (std::string& name : arrays_of(op)) named_arrays_.insert(std::move(name));
    Facts& facts = result_.values[static_cast<std::size_t>(op.results[0])];
    if (weights_ != nullptr) {
      facts.weight = check_weight(graph_, op, *weights_, weight_reporter_);
    } else {
      std::string problem;
      facts.weight.packing =
          packing_of(std::get<EnumValue>(op.attributes.at("packing").value), problem);
    }
  }

  bool check_weight_type(const Graph::Op& op, WeightType type) {
    const Attribute& layout = op.attributes.at("layout");
    const EnumValue wanted = layout_of(type.family);
    bool right = true;
    if (std::get<EnumValue>(layout.value) != wanted) {
      reporter_.error(layout.position, "{}: the layout of family {} is #{}<{}>", op.name,
                      name_of(type.family), wanted.kind, wanted.value);
      right = false;
    }
    const Attribute& packing = op.attributes.at("packing");
    const bool packed = std::get<EnumValue>(packing.value).value != "dense";
    if (packed && type.family != WeightFamily::conv3d && type.family != WeightFamily::linear) {
      reporter_.error(packing.position, "{}: a {} weight is never packed", op.name,
                      name_of(type.family));
      right = false;
    }
    const bool floats = type.element == ElementType::f16 || type.element == ElementType::f32 ||
                        type.element == ElementType::bf16;
    const bool codes = type.element == ElementType::i4 || type.element == ElementType::i8;
    if (!floats && !(packed && codes)) {
      reporter_.error(op.position, "{}: a {} weight cannot have elements of type {}", op.name,
                      packed ? "packed" : "dense", name_of(type.element));
      right = false;
    }
    return right;
  }

  // What was worked out, against what is written.
  void merge(const Graph::Op& op, int value, Facts inferred) {
    const Graph::Value& written = graph_.value(value);
    if (!compatible(written.type, inferred.type)) {
      return reporter_.error(op.position, "{}: %{} is {}, written as {}", op.name, written.name,
                             inferred.type, written.type);
    }
    Facts& facts = result_.values[static_cast<std::size_t>(value)];
    if (auto* dims = std::get_if<TensorType>(&inferred.type)) {
      const Shape& known_dims = std::get<TensorType>(written.type).dims;
      for (std::size_t i = 0; i < dims->dims.size(); ++i) {
        if (!known(dims->dims[i])) dims->dims[i] = known_dims[i];
      }
      inferred.channels = dims->dims.empty() ? kDynamic : dims->dims.back();
    }
    facts = std::move(inferred);
  }

  static bool compatible(const ValueType& written, const ValueType& inferred) {
    if (written.index() != inferred.index()) return false;
    if (element_of(written) != element_of(inferred)) return false;
    const auto* a = std::get_if<TensorType>(&written);
    if (a == nullptr) return true;
    const Shape& b = std::get<TensorType>(inferred).dims;
    return a->dims.size() == b.size() && std::ranges::equal(a->dims, b, may_equal);
  }

  const Graph& graph_;
  const Safetensors* weights_;
  Reporter& reporter_;
  Reporter& weight_reporter_;
  Verification result_;
  std::vector<bool> defined_, used_;
  std::set<std::string> named_arrays_;
};

}  // namespace

Verification verify(const Graph& graph, const Safetensors* weights, Reporter& reporter,
                    Reporter& weight_reporter) {
  return Verifier(graph, weights, reporter, weight_reporter).run();
}

}  // namespace voxloom::artifact
