#include "cli/model_path.h"

#include <fmt/core.h>

#include <stdexcept>
#include <vector>

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelEnding = ".lattice";

// An error code, not an exception: where there is no such link there is nothing to look beside.
fs::path program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

// What is called like a model is one, if a broken one; other folders are models where they look so.
bool is_model(const fs::path& place) {
  std::error_code error;
  if (place.extension() == kModelEnding) return fs::is_directory(place, error);
  return fs::is_regular_file(place / "graph.mlir", error);
}

std::vector<fs::path> places_of(fs::path name) {
  std::vector<fs::path> places = {name};
  if (name.extension() != kModelEnding) name += kModelEnding;
  if (name != places.front()) places.push_back(name);
  places.push_back("models" / name);
  if (const fs::path folder = program_folder(); !folder.empty()) {
    places.push_back((folder / VOXLOOM_MODELS_FROM_PROGRAM / name).lexically_normal());
  }
  places.push_back(fs::path(VOXLOOM_SOURCE_MODELS) / name);
  return places;
}

}  // namespace

fs::path find_model(const std::string& model) {
  std::error_code error;
  if (fs::path(model).has_parent_path() || fs::is_regular_file(model, error)) return model;
  std::string looked;
  for (const fs::path& place : places_of(model)) {
    if (is_model(place)) return place;
    looked += (looked.empty() ? "" : ", ") + place.string();
  }
  throw std::runtime_error(fmt::format("there is no model '{}'; looked for {}", model, looked));
}

}  // namespace voxloom::cli
