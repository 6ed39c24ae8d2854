// Configurations of data sets that many know.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/train_config.h"

namespace voxloom::cli {

// `voxloom train NAME --data FOLDER`, where the data set lies as it is handed out: its classes, its usual split, and
// what its networks read. Nothing for another name.
[[nodiscard]] std::optional<TrainConfig> preset_config(const std::string& name,
                                                       const std::string& folder);
[[nodiscard]] std::vector<std::string> preset_names();

}  // namespace voxloom::cli
