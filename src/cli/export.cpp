// voxloom export: a model as other readers of the format want it.
#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/command.h"
#include "voxloom/export_module.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string bundle, out;
  bool without_points = false;
};

// What stands beside the model: its classes, and what it takes for a point.
void copy_tables(const fs::path& from, const fs::path& to) {
  for (const char* name : {"classes.json", "features.json"}) {
    if (!fs::exists(from / name)) continue;
    fs::copy_file(from / name, to / name, fs::copy_options::overwrite_existing);
  }
}

void export_bundle(const Arguments& arguments) {
  artifact::Bundle bundle = artifact::read_bundle(arguments.bundle);
  if (arguments.without_points) {
    bundle = artifact::without_points(bundle);
  } else {
    bundle.graph = artifact::to_plain(std::move(bundle.graph));
  }
  artifact::write_bundle(arguments.out, bundle);
  copy_tables(arguments.bundle, arguments.out);
  const artifact::Diagnostics places = artifact::portability_of(bundle.graph);
  for (const artifact::Diagnostic& place : places) fmt::print("{}\n", place.message);
  fmt::print("{}: {}\n", arguments.out,
             places.empty() ? std::string("every reader of the format can run it")
                            : fmt::format("{} {} that other readers cannot run", places.size(),
                                          places.size() == 1 ? "place" : "places"));
}

}  // namespace

void add_export(Options command) {
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("bundle", arguments->bundle, "The model, a folder NAME.lattice")
      .required()
      .type_name("BUNDLE");
  command.add_option("out", arguments->out, "The folder to write").required().type_name("OUT");
  command.add_flag("--without-points", arguments->without_points,
                   "The network alone, from the features of voxels to their scores");
  command.footer(
      "\nOperations of ours are written in the words of IR v2 where it has them; what is left is "
      "named.\n"
      "Results stay the same.\n"
      "\nExample:\n"
      "  voxloom export models/street.lattice street_plain.lattice --without-points\n");
  command.callback([=] { export_bundle(*arguments); });
}

}  // namespace voxloom::cli
