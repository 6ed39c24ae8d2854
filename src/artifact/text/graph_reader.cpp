#include "artifact/text/graph_reader.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "artifact/graph/names.h"
#include "artifact/graph/op_spec.h"
#include "artifact/text/mlir_parser.h"

namespace voxloom::artifact {
namespace {

class Lowering {
 public:
  Lowering(const ModuleSyntax& module, Reporter& reporter) : module_(module), reporter_(reporter) {}

  Graph run() {
    check_module_attributes();
    if (module_.function.name.name != "forward") {
      reporter_.error(module_.function.name.position, "the function must be @forward, not @{}",
                      module_.function.name.name);
    }
    lower_inputs();
    for (const OpSyntax& op : module_.function.ops) lower_op(op);
    lower_outputs();
    return std::move(graph_);
  }

 private:
  // --- module attributes ---

  const AttributeSyntax* find(std::string_view name) const {
    const auto found = std::ranges::find(module_.attributes, name, &AttributeSyntax::name);
    return found == module_.attributes.end() ? nullptr : &*found;
  }

  void check_module_attributes() {
    constexpr std::array<std::string_view, 8> kKnown = {
        "lattice.ir_version",  "lattice.schema_digest", "lattice.input_names",
        "lattice.input_roles", "lattice.output_names",  "lattice.output_roles",
        "lattice.weight_file", "voxloom.extensions"};
    report_duplicates(module_.attributes, "the module");
    for (const AttributeSyntax& attribute : module_.attributes) {
      if (std::ranges::find(kKnown, attribute.name) == kKnown.end()) {
        reporter_.error(attribute.position, "unknown module attribute '{}'", attribute.name);
      }
    }
    require_value<std::int64_t>("lattice.ir_version", kIrVersion, true);
    require_value<std::string>("lattice.schema_digest", std::string(kSchemaDigest), true);
    require_value<std::string>("lattice.weight_file", kWeightFile, true);
    require_value<std::int64_t>("voxloom.extensions", 1, false);
    graph_.extensions = find("voxloom.extensions") != nullptr;
  }

  template <typename T>
  void require_value(std::string_view name, const T& wanted, bool required) {
    const AttributeSyntax* attribute = find(name);
    if (attribute == nullptr) {
      if (required) {
        reporter_.error(module_.position, "the module attribute '{}' is missing", name);
      }
      return;
    }
    const T* value = std::get_if<T>(&attribute->value.value);
    if (value == nullptr) {
      reporter_.error(attribute->value.position, "{} must be {}", name, wanted);
    } else if (*value != wanted) {
      reporter_.error(attribute->value.position, "{} must be {}, got {}", name, wanted, *value);
    }
  }

  void report_duplicates(const std::vector<AttributeSyntax>& attributes, std::string_view of) {
    std::set<std::string_view> seen;
    for (const AttributeSyntax& attribute : attributes) {
      if (seen.insert(attribute.name).second) continue;
      reporter_.error(attribute.position, "{} has the attribute '{}' twice", of, attribute.name);
    }
  }

  // One string per argument or result; empty strings stand in for what is missing.
  std::vector<std::string> strings(std::string_view name, std::size_t count,
                                   std::string_view things) {
    std::vector<std::string> values;
    const AttributeSyntax* attribute = find(name);
    if (attribute == nullptr) {
      reporter_.error(module_.position, "the module attribute '{}' is missing", name);
    } else if (const auto* list = std::get_if<std::vector<std::string>>(&attribute->value.value)) {
      values = *list;
      if (list->size() != count) {
        reporter_.error(attribute->value.position, "{} has {} entries for {} {}", name,
                        list->size(), count, things);
      }
    } else {
      reporter_.error(attribute->value.position, "{} must be an array of strings", name);
    }
    values.resize(count);
    return values;
  }

  Position position_of(std::string_view name) const {
    const AttributeSyntax* attribute = find(name);
    return attribute == nullptr ? module_.position : attribute->value.position;
  }

  // --- the function ---

  void lower_inputs() {
    const auto& arguments = module_.function.arguments;
    const auto names = strings("lattice.input_names", arguments.size(), "arguments");
    const auto roles = strings("lattice.input_roles", arguments.size(), "arguments");
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      Graph::Input input{.name = names[i], .value = define(arguments[i].name, arguments[i].type)};
      if (const auto role = input_role_named(roles[i])) {
        input.role = *role;
      } else if (!roles[i].empty()) {
        reporter_.error(position_of("lattice.input_roles"), "unknown input role '{}'", roles[i]);
      }
      graph_.inputs.push_back(std::move(input));
    }
  }

  void lower_op(const OpSyntax& syntax) {
    Graph::Op op{.name = syntax.name.name, .position = syntax.name.position};
    report_duplicates(syntax.attributes, syntax.name.name);
    for (const AttributeSyntax& attribute : syntax.attributes) {
      op.attributes.emplace(attribute.name, attribute.value);
    }
    if (!syntax.symbol.empty()) {
      op.attributes.insert_or_assign(std::string(kSymbolAttribute), Attribute(syntax.symbol));
    }
    for (std::size_t i = 0; i < syntax.operands.size(); ++i) {
      op.operands.push_back(resolve(syntax.operands[i]));
      check_written_type(op, syntax, i);
    }
    if (syntax.operands.size() != syntax.operand_types.size()) {
      reporter_.error(op.position, "{}: {} operands, but {} operand types", op.name,
                      syntax.operands.size(), syntax.operand_types.size());
    }
    if (syntax.results.size() != syntax.result_types.size()) {
      reporter_.error(op.position, "{}: {} results, but {} result types", op.name,
                      syntax.results.size(), syntax.result_types.size());
    }
    const std::size_t results = std::min(syntax.results.size(), syntax.result_types.size());
    for (std::size_t i = 0; i < results; ++i) {
      op.results.push_back(define(syntax.results[i], syntax.result_types[i]));
    }
    graph_.ops.push_back(std::move(op));
  }

  void check_written_type(const Graph::Op& op, const OpSyntax& syntax, std::size_t i) {
    if (i >= syntax.operand_types.size() || op.operands[i] < 0) return;
    const ValueType& actual = graph_.value(op.operands[i]).type;
    if (actual != syntax.operand_types[i].type) {
      reporter_.error(syntax.operand_types[i].position, "%{} is {}, written here as {}",
                      syntax.operands[i].name, actual, syntax.operand_types[i].type);
    }
  }

  void lower_outputs() {
    const FunctionSyntax& function = module_.function;
    const std::size_t count = function.returned.size();
    if (count == 0) {
      reporter_.error(function.return_position, "the function must return at least one value");
    }
    if (function.results.size() != count || function.returned_types.size() != count) {
      reporter_.error(function.return_position,
                      "{} values of {} types are returned, the function announces {} results",
                      count, function.returned_types.size(), function.results.size());
    }
    const auto names = strings("lattice.output_names", count, "results");
    const auto roles = strings("lattice.output_roles", count, "results");
    for (std::size_t i = 0; i < count; ++i) {
      Graph::Output output{.name = names[i],
                           .value = resolve(function.returned[i]),
                           .position = function.returned[i].position};
      if (const auto role = output_role_named(roles[i])) {
        output.role = *role;
      } else if (!roles[i].empty()) {
        reporter_.error(position_of("lattice.output_roles"), "unknown output role '{}'", roles[i]);
      }
      if (output.value >= 0) check_returned_type(output.value, i);
      graph_.outputs.push_back(std::move(output));
    }
  }

  void check_returned_type(int value, std::size_t i) {
    const FunctionSyntax& function = module_.function;
    const ValueType& actual = graph_.value(value).type;
    for (const auto* types : {&function.results, &function.returned_types}) {
      if (i < types->size() && (*types)[i].type != actual) {
        reporter_.error((*types)[i].position, "%{} is {}, written here as {}",
                        function.returned[i].name, actual, (*types)[i].type);
      }
    }
  }

  // --- names ---

  int define(const NameSyntax& name, const TypeSyntax& type) {
    const int id = static_cast<int>(graph_.values.size());
    graph_.values.push_back({name.name, type.type, name.position});
    const auto [previous, fresh] = ids_.emplace(name.name, id);
    if (!fresh) {
      const Position first = graph_.value(previous->second).position;
      reporter_.error(name.position, "%{} is defined a second time; first at line {}", name.name,
                      first.line);
    }
    return id;
  }

  // `%x` means `%x#0` of a pack, and `%x#0` means `%x` of a single result.
  int resolve(const NameSyntax& name) {
    std::string wanted = name.name;
    auto found = ids_.find(wanted);
    if (found == ids_.end()) {
      wanted = wanted.ends_with("#0") ? wanted.substr(0, wanted.size() - 2) : wanted + "#0";
      found = ids_.find(wanted);
    }
    if (found != ids_.end()) return found->second;
    reporter_.error(name.position, "%{} is not defined before its use", name.name);
    return -1;
  }

  const ModuleSyntax& module_;
  Reporter& reporter_;
  Graph graph_;
  std::unordered_map<std::string, int> ids_;
};

}  // namespace

std::optional<Graph> read_graph(std::string_view text, Reporter& reporter) {
  if (text.size() > kMaxGraphBytes) {
    reporter.error({}, "the graph is {} bytes long; at most {} are read", text.size(),
                   kMaxGraphBytes);
    return std::nullopt;
  }
  try {
    const ModuleSyntax module = Parser(text, reporter).parse_module();
    return Lowering(module, reporter).run();
  } catch (const SyntaxError& error) {
    reporter.error(error.position, "{}", error.message);
    return std::nullopt;
  }
}

}  // namespace voxloom::artifact
