// voxloom import: a published network's checkpoint as a bundle.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/outputs.h"
#include "voxloom/import_network.h"

namespace voxloom::cli {
namespace {

using namespace checkpoint;

struct ImportArguments {
  std::string checkpoint, bundle;
  std::string network, from, axes, entry;
  std::string prefix;
  bool has_prefix = false;
  std::string pointwise = "as-run";
  std::vector<int> spatial_shape;
  bool allow_unused = false, overwrite = false;
};

const std::map<std::string, Axes> kAxes = {{"xyz", Axes::xyz}, {"zyx", Axes::zyx}};
const std::map<std::string, PointwiseWeights> kPointwise = {
    {"as-run", PointwiseWeights::as_run}, {"as-declared", PointwiseWeights::as_declared}};
const std::vector<std::string> kLibraries = {"spconv",      "spconv1",     "minkowski",
                                             "torchsparse", "warpconvnet", "mlx-lattice"};

ImportOptions import_options(const ImportArguments& arguments) {
  ImportOptions options{.network = arguments.network,
                        .pointwise = kPointwise.at(arguments.pointwise),
                        .allow_unused = arguments.allow_unused};
  if (!arguments.from.empty()) options.from = library_named(arguments.from);
  if (!arguments.axes.empty()) options.axes = kAxes.at(arguments.axes);
  if (arguments.has_prefix) options.prefix = arguments.prefix;
  if (const auto& shape = arguments.spatial_shape; !shape.empty()) {
    options.spatial_shape.emplace(shape.begin(), shape.end());
  }
  return options;
}

void print_others(const std::string& what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  fmt::print("{} ({}):\n", what, names.size());
  for (const std::string& name : names) fmt::print("  {}\n", name);
}

void import(const ImportArguments& arguments) {
  const std::filesystem::path graph = std::filesystem::path(arguments.bundle) / "graph.mlir";
  Outputs({arguments.checkpoint}, arguments.overwrite).require_free(graph);
  const Checkpoint file = read_checkpoint(arguments.checkpoint, {.entry = arguments.entry});
  const Import imported = import_network(file, import_options(arguments));
  artifact::write_bundle(arguments.bundle, imported.bundle);
  Outputs::mark(graph);

  const ImportReport& report = imported.report;
  fmt::print("{}: {} of {}, axes {}, {} tensors\n", arguments.bundle, arguments.network,
             name_of(report.library), report.axes == Axes::xyz ? "xyz" : "zyx", report.used);
  std::vector<std::string> taken_off = file.unwrapped;
  if (!report.prefix.empty()) taken_off.push_back(report.prefix);
  if (!taken_off.empty()) fmt::print("taken off: {}\n", fmt::join(taken_off, ", "));
  if (!report.statistics.empty()) {
    fmt::print("counters of batches, which inference has no use for: {}\n",
               report.statistics.size());
  }
  print_others("not used", report.unused);
  std::vector<std::string> others;
  for (const auto& [name, kind] : file.others) {
    others.push_back(fmt::format("{}: {}", name, kind));
  }
  print_others("not read", others);
  for (const std::string& note : report.notes) fmt::print("note: {}\n", note);
}

// A line of help for each network.
std::string network_lines() {
  std::string lines;
  for (const ImportableNetwork& network : importable_networks()) {
    lines += fmt::format("  {:<16} {}\n", network.name, network.summary);
  }
  return lines;
}

}  // namespace

void add_import(Options command) {
  const auto arguments = std::make_shared<ImportArguments>();
  command
      .add_option("checkpoint", arguments->checkpoint,
                  "A file of torch.save (.pth, .pt, .ckpt) or safetensors")
      .required()
      .type_name("CHECKPOINT");
  command
      .add_option("--network", arguments->network, "What the checkpoint holds, of the list below")
      .required()
      .type_name("NAME");
  command.add_option("-o,--out", arguments->bundle, "The bundle to write")
      .required()
      .type_name("BUNDLE");
  command
      .add_option("--from", arguments->from,
                  "The library that the weights come from; by default names and shapes tell:\n"
                  "spconv (2.x), spconv1, minkowski, torchsparse, warpconvnet or mlx-lattice")
      .check(one_of(kLibraries, List::hidden))
      .type_name("LIBRARY");
  command
      .add_option(
          "--axes", arguments->axes,
          "The order of the network's coordinates: xyz or zyx; by default the network's own")
      .check(one_of_keys(kAxes))
      .type_name("AXES");
  command
      .add_option("--entry", arguments->entry,
                  "The checkpoint's entry with the weights, such as ema; by default state_dict,\n"
                  "model_state or model")
      .type_name("KEY");
  command
      .add_option_function(
          "--prefix",
          [arguments](const std::string& prefix) {
            arguments->prefix = prefix;
            arguments->has_prefix = true;
          },
          "What stands before the network's names, such as backbone.; by default it is found out")
      .type_name("PREFIX");
  command
      .add_option("--spatial-shape", arguments->spatial_shape,
                  "The grid that a detection network cuts its coordinates off at, as its\n"
                  "configuration writes it: sparse_shape, in the order of the axes")
      .delimiter(',')
      .type_name("N,N,N");
  command
      .add_option("--pointwise", arguments->pointwise,
                  "spconv's 1x1x1 weights: as-run (the default), what the library computes with\n"
                  "them; as-declared, what their shape says")
      .check(one_of_keys(kPointwise))
      .type_name("RULE");
  add_overwrite_option(command, arguments->overwrite);
  command.add_flag("--allow-unused", arguments->allow_unused,
                   "Pass over tensors below the prefix that the network has no use for");
  command.footer(
      "\nNetworks:\n" + network_lines() +
      "\nNothing in the checkpoint is run: a file whose pickle needs more than a state dictionary "
      "does "
      "is\nrefused. The bundle takes x_coords, x_features and x_active and gives output, in "
      "float32; "
      "voxloom\ninfo shows it. docs/coming_from.md tells how to check that both compute the same.\n"
      "\nExamples:\n"
      "  voxloom import MinkUNet34C.pth --network minkunet34c --out unet.lattice\n"
      "  voxloom import second_7862.pth --network voxelbackbone8x --spatial-shape 41,1600,1408 \\\n"
      "    --out second.lattice\n");
  command.callback([arguments] { import(*arguments); });
}

}  // namespace voxloom::cli
