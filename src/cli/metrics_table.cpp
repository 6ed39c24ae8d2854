#include "cli/metrics_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/csv.h"

namespace voxloom::cli {

void MetricsTable::add(const nlohmann::ordered_json& line) {
  rows_.emplace_back();
  take("", line);
}

std::string MetricsTable::csv() const {
  std::string text = csv_row(columns_);
  for (const auto& row : rows_) {
    std::vector<std::string> cells;
    for (const std::string& column : columns_) {
      const auto found = row.find(column);
      cells.push_back(found == row.end() ? "" : found->second);
    }
    text += csv_row(cells);
  }
  return text;
}

void MetricsTable::take(const std::string& prefix, const nlohmann::ordered_json& object) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) {
      take(prefix + name + ".", value);
      continue;
    }
    const std::string column = prefix + name;
    if (std::ranges::find(columns_, column) == columns_.end()) columns_.push_back(column);
    rows_.back()[column] = value.is_null() ? "" : value.dump();
  }
}

}  // namespace voxloom::cli
