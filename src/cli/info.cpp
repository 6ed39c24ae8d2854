// voxloom info: what a model takes, gives and consists of, or what a scan holds.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "artifact/graph/names.h"
#include "cli/command.h"
#include "cli/info_cpu.h"
#include "cli/info_scan.h"
#include "cli/model_path.h"
#include "cli/scan_options.h"
#include "cli/streams.h"
#include "cli/text_table.h"
#include "io/npy_folder.h"
#include "voxloom/artifact.h"

namespace voxloom::cli {
namespace {

using artifact::Bundle;
using artifact::Graph;

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

void info(const std::filesystem::path& folder) {
  const Bundle bundle = artifact::read_bundle(folder);
  const Graph& graph = bundle.graph;
  const WeightTotals totals = totals_of(bundle);

  TextTable inputs, outputs, operations;
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

  fmt::print("{}\n", folder.string());
  fmt::print("  format      IR v2{}\n",
             artifact::needs_extensions(graph) ? " with voxloom extensions" : "");
  const bool packed = totals.storage.contains("int4") || totals.storage.contains("int8");
  fmt::print("  parameters  {}{}\n", grouped(totals.parameters),
             packed ? ", the padding of packed weights included" : "");
  fmt::print("  weights     {}{}\n", readable_bytes(totals.bytes),
             totals.storage.empty() ? "" : fmt::format(" ({})", storage_text(totals)));
  inputs.print("inputs");
  outputs.print("outputs");
  operations.print("operations");
}

// Bundles are folders. What is not there is what it is called like.
bool is_scan(const std::string& name) {
  return name == kStream || std::filesystem::is_regular_file(name) || io::is_npy_folder(name) ||
         (!std::filesystem::exists(name) && scan_format_of(name));
}

}  // namespace

void add_info(Options command) {
  const auto name = std::make_shared<std::string>();
  const auto scan = std::make_shared<ScanOptions>();
  const auto cpu = std::make_shared<bool>(false);
  const Option what = command
                          .add_option("file", *name,
                                      "The model, a folder NAME.lattice, or the name of one that "
                                      "comes with the\nprogram; or a scan; - is a scan on the "
                                      "standard input")
                          .type_name("BUNDLE|SCAN");
  command.add_flag("--cpu", *cpu, "Show what the library runs with on this machine instead")
      .excludes(what);
  add_read_options(command, *scan);
  command.footer(
      "\nInputs of a model are listed as NAME, ROLE, TYPE; '?' in a type is a size that is known "
      "only\n"
      "when the model runs. Of a scan: format, points, coordinate system, columns with their "
      "ranges,\n"
      "records of a LAS file.\n"
      "\nExample:\n"
      "  voxloom info unet.lattice\n"
      "  voxloom info survey.las\n"
      "  voxloom info --cpu\n");
  command.callback([name, scan, cpu] {
    if (*cpu) return print_cpu();
    if (name->empty()) throw BadUsage("a model or a scan is required");
    if (is_scan(*name)) return print_scan(*name, *scan);
    info(find_model(*name));
  });
}

}  // namespace voxloom::cli
