// What a run's metrics.jsonl is made into: metrics.csv, curves.png and an event file for TensorBoard.
#pragma once

#include "cli/run_curves.h"
#include "cli/run_folder.h"

namespace voxloom::cli {

// Gives the curves; writes nothing for a run without a step.
RunCurves write_run_reports(const RunFolder& folder);

}  // namespace voxloom::cli
