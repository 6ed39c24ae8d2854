// What `voxloom eval --out` leaves in a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/outputs.h"
#include "voxloom/canvas.h"
#include "voxloom/dataset.h"
#include "voxloom/metrics.h"

namespace voxloom::cli {

// scores.csv: a row for each class; confusion.csv: a row for each class of the labels, a column for each that was
// predicted, and for none; confusion.png: the shares of each row; scores.json.
[[nodiscard]] std::vector<std::filesystem::path> score_files(const std::filesystem::path& folder);
[[nodiscard]] viz::Canvas confusion_picture(const train::ConfusionMatrix& seen,
                                            const ClassTable& classes);
void write_score_files(const std::filesystem::path& folder, const train::ConfusionMatrix& seen,
                       const ClassTable& classes, const std::vector<std::string>& notes);

}  // namespace voxloom::cli
