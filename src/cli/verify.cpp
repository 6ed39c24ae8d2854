// voxloom verify: every problem of a model, with its place.
#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/model_path.h"
#include "voxloom/artifact.h"

namespace voxloom::cli {
namespace {

using artifact::Diagnostic;
using artifact::Severity;

// Problems of the folder itself have no file.
std::string place_in(const std::filesystem::path& bundle, const Diagnostic& diagnostic) {
  const std::string place = artifact::place_of(diagnostic);
  return place.empty() ? bundle.string() : (bundle / place).string();
}

std::size_t print(const std::filesystem::path& bundle, const artifact::Diagnostics& diagnostics,
                  Severity severity) {
  std::size_t count = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != severity) continue;
    if (count++ == 0 && severity == Severity::warning) fmt::print("warnings:\n");
    fmt::print("{}: {}\n", place_in(bundle, diagnostic), diagnostic.message);
  }
  return count;
}

std::string counted(std::size_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

artifact::Diagnostics diagnose(const std::filesystem::path& bundle, bool is_portable) {
  artifact::Diagnostics diagnostics = artifact::verify_bundle(bundle);
  if (!is_portable || artifact::has_errors(diagnostics)) return diagnostics;
  for (Diagnostic place : artifact::portability_of(artifact::read_bundle(bundle).graph)) {
    place.severity = Severity::error;
    diagnostics.push_back(std::move(place));
  }
  return diagnostics;
}

void verify(const std::filesystem::path& bundle, bool is_portable) {
  const artifact::Diagnostics diagnostics = diagnose(bundle, is_portable);
  const std::size_t problems = print(bundle, diagnostics, Severity::error);
  const std::size_t warnings = print(bundle, diagnostics, Severity::warning);
  fmt::print("{}: {}, {}\n", bundle.string(),
             problems == 0 ? "right" : counted(problems, "problem"),
             warnings == 0 ? "no warnings" : counted(warnings, "warning"));
  if (problems != 0) throw Leave{kFailure};
}

}  // namespace

void add_verify(Options command) {
  const auto bundle = std::make_shared<std::string>();
  command.add_option("bundle", *bundle, kModelHelp).required().type_name("BUNDLE");
  const auto is_portable = std::make_shared<bool>(false);
  command.add_flag("--portable", *is_portable,
                   "Also name what other readers of the format cannot run");
  command.footer(
      "\nProblems are listed as FILE:LINE:COLUMN: MESSAGE, all of them; warnings come apart.\n"
      "The exit code is 1 when there is a problem.\n"
      "\nExample:\n"
      "  voxloom verify unet.lattice\n");
  command.callback([=] { verify(find_model(*bundle), *is_portable); });
}

}  // namespace voxloom::cli
