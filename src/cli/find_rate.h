// `voxloom train --find-rate`: a rate to begin with, before hours go into training with another.
#pragma once

#include <filesystem>

#include "voxloom/train.h"

namespace voxloom::cli {

inline constexpr std::int64_t kSweepSteps = 100;

// std::invalid_argument where rates.csv or rates.png stands there already and may not be replaced.
void require_free_rates(const std::filesystem::path& folder, bool overwrite);

// A call of all ranks: trainer.total_steps() steps with rising rates. `says`, for one rank: what was found, and rates.csv
// and rates.png in the folder.
void find_rate(train::Trainer& trainer, const std::filesystem::path& folder, bool says);

}  // namespace voxloom::cli
