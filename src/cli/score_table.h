// How well labels were met, class by class.
#pragma once

#include <string>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/metrics.h"

namespace voxloom::cli {

[[nodiscard]] std::string score_table(const train::ConfusionMatrix& seen,
                                      const ClassTable& classes);
// `notes`: what was guessed, left out or replaced in the scans.
[[nodiscard]] std::string score_json(const train::ConfusionMatrix& seen, const ClassTable& classes,
                                     const std::vector<std::string>& notes);

}  // namespace voxloom::cli
