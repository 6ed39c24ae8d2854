// Records as a table for people and as JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "bench/machine.h"
#include "bench/record.h"

namespace voxloom::bench {

// Columns differ between the groups of cases; a header fits the records of its record's group.
[[nodiscard]] std::string table_header(const Record& record);
[[nodiscard]] std::string table_row(const Record& record);
// What the columns mean.
[[nodiscard]] std::string table_legend();

// {"voxloom": "<version>", "machine": {...}, "records": [{...}, ...]}; what was not measured is
// left out of its record.
[[nodiscard]] std::string to_json(const Machine& machine, const std::vector<Record>& records);

}  // namespace voxloom::bench
