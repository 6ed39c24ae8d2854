// Configurations of data sets that many know.
#pragma once

#include <string>
#include <vector>

#include "cli/train_config.h"

namespace voxloom::cli {

// What `voxloom train CONFIG --data FOLDER` and `voxloom data check` are asked for: a file, a made-up world, or a data set by its
// name that lies in the folder as it is handed out, with its classes, its usual split, and what its networks read.
// BadUsage where the folder is missing or of no use.
[[nodiscard]] TrainConfig named_config(const std::string& name, const std::string& folder);
[[nodiscard]] std::vector<std::string> preset_names();
[[nodiscard]] std::vector<std::string> world_names();

}  // namespace voxloom::cli
