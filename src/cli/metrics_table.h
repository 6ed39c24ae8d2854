// metrics.csv of a training run: a row for each line of metrics.jsonl.
#pragma once

#include "cli/run_folder.h"

namespace voxloom::cli {

// A column for each figure, in the order in which they first come; of what is an object, one for each of its names,
// as in validation_iou.car. Empty where a line has none. Nothing is written for a run without steps.
void write_metrics_table(const RunFolder& folder);

}  // namespace voxloom::cli
