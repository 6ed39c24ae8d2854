// What the labels of a cloud are compared with on its page.
#pragma once

#include <optional>
#include <string>

#include "voxloom/scan.h"

namespace voxloom::cli {

// The attribute `name` of the cloud, or else the labels that a file holds for the same points in the same order: NAME.label
// as SemanticKITTI has it, or a cloud with a label or classification. The column is called as the attribute or the file is.
// std::invalid_argument where it is neither, or has other points.
[[nodiscard]] Column truth_named(const Scan& scan, const std::string& name);

// What a cloud has of the kind without being asked: `truth`, `ground_truth`, or the label that `segment` found in its input
// and kept as label_2. Nothing where there is none.
[[nodiscard]] std::optional<Column> usual_truth(const Scan& scan, const Column& labels);

// The column of one number with this name. std::runtime_error where there is none.
[[nodiscard]] const Column& single_column(const Scan& scan, const std::string& name);

// The column of one number whose name is `name`, or without a name the label or classification of whole numbers; null where
// there is none.
[[nodiscard]] const Column* labels_of(const Scan& scan, const std::string& name);

}  // namespace voxloom::cli
