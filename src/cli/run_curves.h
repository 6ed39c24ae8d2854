// The curves of a training run as one picture: loss above, mean IoU below.
#pragma once

#include <filesystem>

#include "cli/run_folder.h"

namespace voxloom::cli {

// Draws what metrics.jsonl holds into curves.png; nothing when it holds no step.
void draw_curves(const RunFolder& folder);

}  // namespace voxloom::cli
