// Tuned plans on disk: text, one plan a line.
//
//   voxloom plans 3
//   version 0.1.0                     algorithms change from version to version
//   cpu AMD EPYC 7R13 Processor       and what is fastest from processor to processor
//   forward avx2 float32 float32 64 64 1 27 16 9 offset_major
//   forward avx2 float32 float32 64 256 1 27 16 9 offset_major:2x128
//   ...                               a key as in plan_key.h, then the algorithm, with blocks and
//                                     columns where they are not its own choice (convolution.h: Cut)
//
// A file with another first line, version or processor is foreign, one with any other line corrupt;
// neither is used, and neither is an error.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/plan_table.h"

namespace voxloom::engine {

struct PlanText {
  Plans plans;          // empty when there is a warning
  std::string warning;  // why the text cannot be used; empty: it can
};

[[nodiscard]] std::string format_plans(const Plans& plans);
[[nodiscard]] PlanText parse_plans(std::string_view text);

// A file that is not there holds no plans.
[[nodiscard]] PlanText read_plans(const std::filesystem::path& path);

// Adds the plans to those of the file; its folder is made. Writers take turns through a lock file
// beside it, and readers always see a whole file. std::system_error when it cannot be written.
void merge_plans_into(const std::filesystem::path& path, const Plans& plans);

}  // namespace voxloom::engine
