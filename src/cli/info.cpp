// voxloom info: what a model takes, gives and consists of.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "artifact/graph/names.h"
#include "cli/command.h"
#include "cli/info_cpu.h"
#include "voxloom/artifact.h"

namespace voxloom::cli {
namespace {

using artifact::Bundle;
using artifact::Graph;

// Columns as wide as their widest cell.
class ShapeTable {
 public:
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  void print(std::string_view title) const {
    if (rows_.empty()) return;
    fmt::print("\n{}\n", title);
    std::vector<std::size_t> widths;
    for (const auto& cells : rows_) {
      widths.resize(std::max(widths.size(), cells.size()));
      for (std::size_t i = 0; i < cells.size(); ++i) {
        widths[i] = std::max(widths[i], cells[i].size());
      }
    }
    for (const auto& cells : rows_) {
      std::string line = " ";
      for (std::size_t i = 0; i < cells.size(); ++i) {
        line += fmt::format(" {:<{}} ", cells[i], widths[i]);
      }
      fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string grouped(std::uint64_t number) {
  std::string text = fmt::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string readable(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

struct WeightTotals {
  std::uint64_t parameters = 0, bytes = 0;
  std::map<std::string, int> storage;  // "float32", "int8": how many weights
};

std::string storage_of(const Graph::Op& op, const TensorMap& arrays, const std::string& key) {
  const auto& packing = std::get<artifact::EnumValue>(op.attributes.at("packing").value);
  return packing.value == "dense" ? std::string(name_of(arrays.at(key).dtype())) : packing.value;
}

// A packed weight counts its codes, padding included.
WeightTotals totals_of(const Bundle& bundle) {
  WeightTotals totals;
  std::map<std::string, bool> seen;
  for (const Graph::Op& op : bundle.graph.ops) {
    if (op.name != "lattice.weight") continue;
    const auto& key = std::get<std::string>(op.attributes.at("storage_key").value);
    if (!seen.emplace(key, true).second) continue;
    const std::string storage = storage_of(op, bundle.weights, key);
    ++totals.storage[storage];
    const bool packed = storage == "int4" || storage == "int8";
    for (const char* part :
         packed ? std::vector{".weight", ".scales", ".biases"} : std::vector{""}) {
      totals.bytes += bundle.weights.at(key + part).bytes();
    }
    const auto size =
        static_cast<std::uint64_t>(bundle.weights.at(packed ? key + ".weight" : key).size());
    totals.parameters += packed ? size * 32 / (storage == "int4" ? 4 : 8) : size;
  }
  return totals;
}

std::string storage_text(const WeightTotals& totals) {
  std::vector<std::string> parts;
  for (const auto& [storage, count] : totals.storage) {
    parts.push_back(fmt::format("{} {}", count, storage));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void info(const std::string& folder) {
  const Bundle bundle = artifact::read_bundle(folder);
  const Graph& graph = bundle.graph;
  const WeightTotals totals = totals_of(bundle);

  ShapeTable inputs, outputs, operations;
  for (const Graph::Input& input : graph.inputs) {
    inputs.row({input.name, std::string(name_of(input.role)),
                artifact::to_string(graph.value(input.value).type)});
  }
  for (const Graph::Output& output : graph.outputs) {
    outputs.row({output.name, std::string(name_of(output.role)),
                 artifact::to_string(graph.value(output.value).type)});
  }
  std::map<std::string, int> counts;
  for (const Graph::Op& op : graph.ops) {
    if (op.name != "lattice.weight") ++counts[op.name];
  }
  for (const auto& [name, count] : counts) operations.row({name, fmt::to_string(count)});

  fmt::print("{}\n", folder);
  fmt::print("  format      IR v2{}\n",
             artifact::needs_extensions(graph) ? " with voxloom extensions" : "");
  const bool packed = totals.storage.contains("int4") || totals.storage.contains("int8");
  fmt::print("  parameters  {}{}\n", grouped(totals.parameters),
             packed ? ", the padding of packed weights included" : "");
  fmt::print("  weights     {}{}\n", readable(totals.bytes),
             totals.storage.empty() ? "" : fmt::format(" ({})", storage_text(totals)));
  inputs.print("inputs");
  outputs.print("outputs");
  operations.print("operations");
}

}  // namespace

void add_info(Options command) {
  const auto bundle = std::make_shared<std::string>();
  const auto cpu = std::make_shared<bool>(false);
  const Option model =
      command.add_option("bundle", *bundle, "The model, a folder NAME.lattice").type_name("BUNDLE");
  command.add_flag("--cpu", *cpu, "Show what the library runs with on this machine instead")
      .excludes(model);
  command.footer(
      "\nInputs are listed as NAME, ROLE, TYPE; '?' in a type is a size that is known only when "
      "the\n"
      "model runs.\n"
      "\nExample:\n"
      "  voxloom info unet.lattice\n"
      "  voxloom info --cpu\n");
  command.callback([bundle, cpu] {
    if (*cpu) return print_cpu();
    if (bundle->empty()) throw BadUsage("bundle is required");
    info(*bundle);
  });
}

}  // namespace voxloom::cli
