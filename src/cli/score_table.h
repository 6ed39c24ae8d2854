// How well labels were met, class by class.
#pragma once

#include <string>

#include "voxloom/dataset.h"
#include "voxloom/metrics.h"

namespace voxloom::cli {

[[nodiscard]] std::string score_table(const train::ConfusionMatrix& seen,
                                      const ClassTable& classes);
[[nodiscard]] std::string score_json(const train::ConfusionMatrix& seen, const ClassTable& classes);

}  // namespace voxloom::cli
