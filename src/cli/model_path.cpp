#include "cli/model_path.h"

#include <fmt/core.h>

#include <stdexcept>
#include <vector>

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

// An error code, not an exception: where there is no such link there is nothing to look beside.
fs::path program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

std::vector<fs::path> places_of(const fs::path& name) {
  std::vector<fs::path> places = {name};
  if (name.has_parent_path()) return places;
  if (!name.has_extension()) return places_of(name.string() + ".lattice");
  places.push_back("models" / name);
  if (const fs::path folder = program_folder(); !folder.empty()) {
    places.push_back((folder / VOXLOOM_MODELS_FROM_PROGRAM / name).lexically_normal());
  }
  places.push_back(fs::path(VOXLOOM_SOURCE_MODELS) / name);
  return places;
}

}  // namespace

fs::path find_model(const std::string& model) {
  const std::vector<fs::path> places = places_of(model);
  std::string looked;
  for (const fs::path& place : places) {
    std::error_code error;
    if (fs::is_directory(place, error)) return place;
    looked += (looked.empty() ? "" : ", ") + place.string();
  }
  throw std::runtime_error(fmt::format("there is no model '{}'; looked for {}", model, looked));
}

}  // namespace voxloom::cli
