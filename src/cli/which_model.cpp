#include "cli/which_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <exception>
#include <set>

#include "cli/model_path.h"

namespace voxloom::cli {
namespace {

namespace fs = std::filesystem;

// street_int8.lattice was trained on what street.lattice was.
std::string world_of(const fs::path& model) {
  const std::string name = model.lexically_normal().stem().string();
  return name.substr(0, name.find('_'));
}

// By where it lies: beside the one of that name.
bool is_bundled(const fs::path& model) {
  return std::ranges::any_of(kBundledModels, [&](const char* name) {
    if (world_of(model) != name) return false;
    try {
      return fs::equivalent(model.lexically_normal() / "..", find_model(name) / "..");
    } catch (const std::exception&) {
      return false;
    }
  });
}

std::int64_t missing_attributes(const FeatureSet& features, const Scan& head) {
  std::set<std::string> missing;
  for (const PointFeature& feature : features.features) {
    switch (feature.value) {
      case PointValue::intensity:
      case PointValue::red:
      case PointValue::green:
      case PointValue::blue: {
        const std::string name(name_of(feature.value));
        if (head.find(name) == nullptr) missing.insert(name);
        break;
      }
      case PointValue::column:
        if (head.find(feature.column) == nullptr) missing.insert(feature.column);
        break;
      default:  // follows from the positions
        break;
    }
  }
  return static_cast<std::int64_t>(missing.size());
}

}  // namespace

std::vector<KnownModel> known_models(const fs::path& used) {
  std::vector<KnownModel> known;
  if (!is_bundled(used)) return known;
  for (const char* name : kBundledModels) {
    try {
      const fs::path file = find_model(name) / kFeaturesFile;
      if (const auto profile = read_profile(file)) {
        known.push_back({name, voxloom::read_features(file), *profile});
      }
    } catch (const std::exception&) {
      continue;  // advice is no reason to stop
    }
  }
  return known;
}

std::string better_model(std::span<const KnownModel> known, const fs::path& used,
                         const InputProfile& seen, const Scan& head) {
  constexpr double kMuch = 1.5;
  const KnownModel* best = nullptr;
  double least = 0, own = 0;
  std::string others;
  for (const KnownModel& model : known) {
    const double unlike =
        unlikeness(model.trained_on, seen, missing_attributes(model.features, head));
    if (model.name == world_of(used)) own = unlike;
    if (best == nullptr || unlike < least) {
      best = &model;
      least = unlike;
    }
    others += fmt::format("{}{} {:.1f}", others.empty() ? "" : ", ", model.name, unlike);
  }
  if (best == nullptr || own - least < kMuch) return {};
  return fmt::format(
      "in extent, density and attributes the scan is more like what --model {} was trained on (how "
      "unlike it is: {})",
      best->name, others);
}

}  // namespace voxloom::cli
