// voxloom export: a model as other readers of the format want it.
#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/model_path.h"
#include "cli/outputs.h"
#include "voxloom/export_module.h"
#include "voxloom/scan_input.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

struct ExportArguments {
  std::string bundle, out;
  bool without_points = false, overwrite = false;
};

// What stands beside the model: its classes, and what it takes for a point.
std::map<std::string, std::string> tables_of(const fs::path& bundle) {
  std::map<std::string, std::string> texts;
  for (const std::string& name : {std::string("classes.json"), std::string(kFeaturesFile)}) {
    std::ifstream in(bundle / name, std::ios::binary);
    if (in) texts.emplace(name, std::string(std::istreambuf_iterator<char>(in), {}));
  }
  return texts;
}

void export_bundle(const ExportArguments& arguments) {
  const fs::path graph = fs::path(arguments.out) / "graph.mlir";
  const fs::path model = find_model(arguments.bundle);
  Outputs({model}, arguments.overwrite).require_free(graph);
  artifact::Bundle bundle = artifact::read_bundle(model);
  if (arguments.without_points) {
    bundle = artifact::without_points(bundle);
  } else {
    bundle.graph = artifact::to_plain(std::move(bundle.graph));
  }
  artifact::write_bundle(arguments.out, bundle, tables_of(model));
  Outputs::mark(graph);
  const artifact::Diagnostics places = artifact::portability_of(bundle.graph);
  for (const artifact::Diagnostic& place : places) fmt::print("{}\n", place.message);
  fmt::print("{}: {}\n", arguments.out,
             places.empty() ? std::string("every reader of the format can run it")
                            : fmt::format("{} {} that other readers cannot run", places.size(),
                                          places.size() == 1 ? "place" : "places"));
}

}  // namespace

void add_export(Options command) {
  const auto arguments = std::make_shared<ExportArguments>();
  command.add_option("bundle", arguments->bundle, kModelHelp).required().type_name("BUNDLE");
  command.add_option("out", arguments->out, "The folder to write").required().type_name("OUT");
  command.add_flag("--without-points", arguments->without_points,
                   "The network alone, from the features of voxels to their scores");
  add_overwrite_option(command, arguments->overwrite);
  command.footer(
      "\nOperations of ours are written in the words of IR v2 where it has them; what is left is "
      "named.\n"
      "Results stay the same.\n"
      "\nExample:\n"
      "  voxloom export models/street.lattice street_plain.lattice --without-points\n");
  command.callback([=] { export_bundle(*arguments); });
}

}  // namespace voxloom::cli
