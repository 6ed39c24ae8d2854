#include "io/aliases.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "io/failure.h"
#include "io/lines.h"

namespace voxloom::io {
namespace {

// "scalar_" is CloudCompare's, "diffuse_" MeshLab's, "normal_" PCL's.
constexpr auto kAliases = std::to_array<Alias>({
    {"x", "x"},
    {"y", "y"},
    {"z", "z"},
    {"intensity", "intensity"},
    {"scalar_intensity", "intensity"},
    {"reflectance", "intensity"},
    {"scalar_reflectance", "intensity"},
    {"remission", "intensity"},
    {"i", "intensity"},
    {"red", "red"},
    {"r", "red"},
    {"diffuse_red", "red"},
    {"scalar_red", "red"},
    {"green", "green"},
    {"g", "green"},
    {"diffuse_green", "green"},
    {"scalar_green", "green"},
    {"blue", "blue"},
    {"b", "blue"},
    {"diffuse_blue", "blue"},
    {"scalar_blue", "blue"},
    {"alpha", "alpha"},
    {"a", "alpha"},
    {"diffuse_alpha", "alpha"},
    {"classification", "classification"},
    {"scalar_classification", "classification"},
    {"label", "label"},
    {"scalar_label", "label"},
    {"labels", "label"},
    {"semantic", "label"},
    {"semantic_label", "label"},
    {"sem_class", "label"},
    {"segment", "label"},
    {"scalar_semantic", "label"},
    {"nx", "nx"},
    {"normal_x", "nx"},
    {"normalx", "nx"},
    {"ny", "ny"},
    {"normal_y", "ny"},
    {"normaly", "ny"},
    {"nz", "nz"},
    {"normal_z", "nz"},
    {"normalz", "nz"},
    {"ring", "ring"},
    {"scalar_ring", "ring"},
    {"gps_time", "gps_time"},
    {"gpstime", "gps_time"},
    {"scalar_gpstime", "gps_time"},
});

// Letters mean colours only together.
constexpr std::string_view kColourLetters = "rgba";

}  // namespace

std::span<const Alias> aliases() { return kAliases; }

std::string canonical_name(std::string_view name) {
  const auto* found = std::ranges::find(kAliases, lower(name), &Alias::name);
  return std::string(found == kAliases.end() ? name : found->canonical);
}

std::vector<std::string> canonical_names(const std::vector<std::string>& names,
                                         const std::vector<bool>& single,
                                         std::vector<std::string>& renamed) {
  std::vector<std::string> out = names;
  std::vector<std::string> small;
  std::ranges::transform(names, std::back_inserter(small), lower);
  std::set<std::string> taken(names.begin(), names.end());
  const auto there = [&](const char* name) {
    return std::ranges::find(small, name) != small.end();
  };
  const bool rgb = there("r") && there("g") && there("b");
  for (const Alias& alias : kAliases) {
    const bool letter =
        alias.name.size() == 1 && kColourLetters.find(alias.name) != std::string::npos;
    if (taken.contains(std::string(alias.canonical)) || (letter && !rgb)) continue;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (small[i] != alias.name || !single[i]) continue;
      out[i] = alias.canonical;
      taken.insert(out[i]);
      if (small[i] != out[i]) renamed.push_back(fmt::format("{} as {}", excerpt(names[i]), out[i]));
      break;
    }
  }
  return out;
}

}  // namespace voxloom::io
