#include "artifact/text/mlir_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "artifact/graph/names.h"
#include "artifact/graph/op_spec.h"
#include "artifact/graph/reporter.h"
#include "artifact/text/characters.h"
#include "artifact/text/graph_reader.h"

namespace voxloom::artifact {
namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The shortest digits that read back to the same bits; MLIR wants a point in them. What has no digits
// is written as its bits.
template <typename Float, typename Bits>
std::string float_text(Float value) {
  if (!std::isfinite(value)) {
    return fmt::format("0x{:0{}X}", std::bit_cast<Bits>(value), 2 * sizeof(Bits));
  }
  std::string text = fmt::format("{}", value);
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(std::int64_t value) { return fmt::to_string(value); }
std::string text_of(float value) { return float_text<float, std::uint32_t>(value) + " : f32"; }
std::string text_of(double value) { return float_text<double, std::uint64_t>(value) + " : f64"; }
std::string text_of(const std::string& value) { return in_quotes(value); }
std::string text_of(const std::vector<std::int64_t>& values) {
  return values.empty() ? "array<i64>" : fmt::format("array<i64: {}>", fmt::join(values, ", "));
}
std::string text_of(const std::vector<double>& values) {
  std::vector<std::string> items;
  for (const double value : values) items.push_back(float_text<double, std::uint64_t>(value));
  return items.empty() ? "array<f64>" : fmt::format("array<f64: {}>", fmt::join(items, ", "));
}
std::string text_of(const std::vector<std::string>& values) {
  std::vector<std::string> items;
  for (const std::string& value : values) items.push_back(in_quotes(value));
  return fmt::format("[{}]", fmt::join(items, ", "));
}
std::string text_of(const EnumValue& value) {
  std::string text = fmt::format("#{}<{}", value.kind, value.value);
  for (const auto& [key, parameter] : value.parameters) {
    text += fmt::format(", {} = {}", key, parameter);
  }
  return text + ">";
}

class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph) {
    for (const Graph::Value& value : graph.values) names_.push_back(unique_name(value.name));
  }

  std::string run() {
    write_module_attributes();
    write_signature();
    for (const Graph::Op& op : graph_.ops) write_op(op);
    write_return();
    out_ += "  }\n}\n";
    return std::move(out_);
  }

 private:
  // A legal SSA name that no other value has.
  std::string unique_name(const std::string& wanted) {
    std::string name;
    for (const char c : wanted) name += is_name(c) || c == '-' ? c : '_';
    const bool number = !name.empty() && std::ranges::all_of(name, is_digit);
    if (name.empty() || (!number && is_digit(name[0]))) name = fmt::format("v{}", name);
    std::string candidate = name;
    for (int i = 1; !taken_.insert(candidate).second; ++i) {
      candidate = fmt::format("{}_{}", number ? fmt::format("v{}", name) : name, i);
    }
    return candidate;
  }

  [[nodiscard]] const std::string& name(int value) const {
    return names_[static_cast<std::size_t>(value)];
  }

  void write_module_attributes() {
    std::vector<std::string> input_names, input_roles, output_names, output_roles;
    for (const Graph::Input& input : graph_.inputs) {
      input_names.push_back(input.name);
      input_roles.emplace_back(name_of(input.role));
    }
    for (const Graph::Output& output : graph_.outputs) {
      output_names.push_back(output.name);
      // Some writers give a sparse result the role of a tensor; the type counts.
      const bool is_sparse = kind_of(graph_.value(output.value).type) == ValueKind::sparse;
      output_roles.emplace_back(name_of(is_sparse ? OutputRole::sparse_tensor : output.role));
    }
    out_ += "module attributes {\n";
    out_ += fmt::format("  lattice.ir_version = {},\n", kIrVersion);
    out_ += fmt::format("  lattice.schema_digest = \"{}\",\n", kSchemaDigest);
    if (needs_extensions(graph_)) out_ += "  voxloom.extensions = 1,\n";
    out_ += fmt::format("  lattice.input_names = {},\n", text_of(input_names));
    out_ += fmt::format("  lattice.input_roles = {},\n", text_of(input_roles));
    out_ += fmt::format("  lattice.output_names = {},\n", text_of(output_names));
    out_ += fmt::format("  lattice.output_roles = {},\n", text_of(output_roles));
    out_ += fmt::format("  lattice.weight_file = \"{}\"\n}} {{\n", kWeightFile);
  }

  void write_signature() {
    std::vector<std::string> arguments;
    for (const Graph::Input& input : graph_.inputs) {
      arguments.push_back(fmt::format("\n    %{}: {}", name(input.value), type(input.value)));
    }
    std::vector<int> results;
    for (const Graph::Output& output : graph_.outputs) results.push_back(output.value);
    out_ +=
        fmt::format("  func.func @forward({}{}) -> {} {{\n", fmt::join(arguments, ","),
                    arguments.empty() ? "" : "\n  ",
                    results.size() == 1 ? type(results[0]) : fmt::format("({})", types(results)));
  }

  void write_op(const Graph::Op& op) {
    const OpSpec& spec = *find_op(op.name);
    out_ += fmt::format("    {} = {}", values(op.results), op.name);
    if (op.name == kWeightOp) {
      out_ += fmt::format(" {}", symbol(std::get<std::string>(op.attributes.at("sym_name").value)));
    }
    if (!op.operands.empty()) out_ += fmt::format(" {}", values(op.operands));
    write_attributes(op, spec);
    out_ += " : ";
    if (op.name == kWeightOp) {
      out_ += types(op.results);
    } else if (op.name == "lattice.sparse.decompose") {
      out_ += fmt::format("{} -> ({})", types(op.operands), types(op.results));
    } else {
      const std::string results = types(op.results);
      out_ += fmt::format("({}) -> {}", types(op.operands),
                          op.results.size() == 1 ? results : fmt::format("({})", results));
    }
    out_ += "\n";
  }

  void write_attributes(const Graph::Op& op, const OpSpec& spec) {
    std::vector<std::string> items;
    for (const AttributeSpec& row : spec.attributes) {
      const auto found = op.attributes.find(row.name);
      if (row.name == kSymbolAttribute || found == op.attributes.end()) continue;
      items.push_back(fmt::format(
          "{} = {}", row.name,
          std::visit([](const auto& value) { return text_of(value); }, found->second.value)));
    }
    if (!items.empty()) out_ += fmt::format(" {{{}}}", fmt::join(items, ", "));
  }

  void write_return() {
    std::vector<int> results;
    for (const Graph::Output& output : graph_.outputs) results.push_back(output.value);
    out_ += fmt::format("    return {} : {}\n", values(results), types(results));
  }

  static std::string symbol(const std::string& text) {
    const bool bare = !text.empty() && is_letter(text[0]) && std::ranges::all_of(text, is_name);
    return fmt::format("@{}", bare ? text : in_quotes(text));
  }

  [[nodiscard]] std::string type(int value) const { return to_string(graph_.value(value).type); }
  [[nodiscard]] std::string types(const std::vector<int>& ids) const {
    std::vector<std::string> items;
    for (const int id : ids) items.push_back(type(id));
    return fmt::format("{}", fmt::join(items, ", "));
  }
  [[nodiscard]] std::string values(const std::vector<int>& ids) const {
    std::vector<std::string> items;
    for (const int id : ids) items.push_back(fmt::format("%{}", name(id)));
    return fmt::format("{}", fmt::join(items, ", "));
  }

  const Graph& graph_;
  std::vector<std::string> names_;
  std::set<std::string> taken_;
  std::string out_;
};

}  // namespace

std::string write_graph(const Graph& graph) { return Writer(graph).run(); }

}  // namespace voxloom::artifact
