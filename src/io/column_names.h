// What the columns of a file are called in a scan: unique, as the caller says, else by the aliases.
#pragma once

#include <string>
#include <vector>

#include "io/point_source.h"

namespace voxloom::io {

struct ColumnNames {
  std::vector<std::string> names;  // per field
  std::vector<bool> hidden;        // left out, where they are no positions
};

// FormatError for names in options.columns, drop and keep that are not there, but for names to drop of what the source
// leaves out itself; for a role that two columns are given, and a column that is given two.
[[nodiscard]] ColumnNames name_columns(const PointSource& source, const std::string& file,
                                       const ReadOptions& options);

// "a, b, c", for messages.
[[nodiscard]] std::string list_names(const std::vector<Field>& fields);

}  // namespace voxloom::io
