#include "data/parts.h"

#include <fnmatch.h>

#include <algorithm>

namespace voxloom::data {
namespace {

namespace fs = std::filesystem;

// Names below that are like the pattern.
std::vector<fs::path> entries_like(const fs::path& folder, const std::string& pattern) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.empty() ? "." : folder)) {
    const fs::path name = entry.path().filename();
    if (matches(pattern, name.string())) found.push_back(folder / name);
  }
  return found;
}

}  // namespace

bool is_pattern(const std::string& name) { return name.find_first_of("*?[") != std::string::npos; }

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
}

std::vector<fs::path> expand(const fs::path& base, const fs::path& pattern) {
  std::vector<fs::path> found = {base};
  for (const fs::path& name : pattern) {
    std::vector<fs::path> below;
    for (const fs::path& place : found) {
      if (fs::exists(place / name)) {
        below.push_back(place / name);
      } else if (is_pattern(name.string()) && (place.empty() || fs::is_directory(place))) {
        std::ranges::move(entries_like(place, name.string()), std::back_inserter(below));
      }
    }
    found = std::move(below);
  }
  std::ranges::sort(found);
  return found;
}

std::vector<std::size_t> NameIndex::find(const std::string& part) const {
  std::vector<std::size_t> found;
  const auto [begin, end] = things_.equal_range(part);
  for (auto thing = begin; thing != end; ++thing) found.push_back(thing->second);
  if (found.empty() && is_pattern(part)) {
    for (const auto& [name, thing] : things_) {
      if (matches(part, name)) found.push_back(thing);
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace voxloom::data
