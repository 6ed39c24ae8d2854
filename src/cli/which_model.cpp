#include "cli/which_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <exception>

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

// Attributes without which the model refuses a scan.
std::string missing_attributes(const FeatureSet& features, const Scan& head) {
  std::string missing;
  for (const PointFeature& feature : features.features) {
    std::string name = feature.column;
    if (feature.value == PointValue::red || feature.value == PointValue::green ||
        feature.value == PointValue::blue) {
      name = name_of(feature.value);
    }
    if (name.empty() || feature.missing || head.find(name) != nullptr) continue;
    missing += (missing.empty() ? "" : ", ") + name;
  }
  return missing;
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
  constexpr double kMuch = 1.5, kUnlikeAll = 2.5;
  const KnownModel* best = nullptr;
  double least = 0, own = 0;
  for (const KnownModel& model : known) {
    const double unlike = unlikeness(model.trained_on, seen);
    if (model.name == world_of(used)) own = unlike;
    if (best == nullptr || unlike < least) {
      best = &model;
      least = unlike;
    }
  }
  if (best == nullptr || own - least < kMuch || least > kUnlikeAll) return {};
  const std::string missing = missing_attributes(best->features, head);
  return fmt::format(
      "in extent and density the scan is more like what --model {} was trained on{}", best->name,
      missing.empty() ? "" : ", which also reads " + missing + ", and the scan has none");
}

}  // namespace voxloom::cli
