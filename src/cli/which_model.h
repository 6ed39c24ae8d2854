// Which of the models that come with the program fits a scan.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "voxloom/input_profile.h"

namespace voxloom::cli {

// What a model was trained on.
struct KnownModel {
  std::string name;  // as --model takes it
  FeatureSet features;
  InputProfile trained_on;
};

// Those that come with the program, if `used` is one of them: nobody who brings a model asks for another. Those that cannot be
// found or do not say what they were trained on are left out.
[[nodiscard]] std::vector<KnownModel> known_models(const std::filesystem::path& used);

// One line where another model is much less unlike a scan than `used`; "" where none is. `head` has the scan's attributes.
[[nodiscard]] std::string better_model(std::span<const KnownModel> known,
                                       const std::filesystem::path& used, const InputProfile& seen,
                                       const Scan& head);

}  // namespace voxloom::cli
