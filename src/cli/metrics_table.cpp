#include "cli/metrics_table.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/csv.h"
#include "core/atomic_file.h"

namespace voxloom::cli {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::map<std::string, std::string>;

class Table {
 public:
  void add(const Json& line) {
    rows_.emplace_back();
    take("", line);
  }
  [[nodiscard]] std::string text() const {
    std::string text = csv_row(columns_);
    for (const Row& row : rows_) {
      std::vector<std::string> cells;
      for (const std::string& column : columns_) {
        const auto found = row.find(column);
        cells.push_back(found == row.end() ? "" : found->second);
      }
      text += csv_row(cells);
    }
    return text;
  }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  void take(const std::string& prefix, const Json& object) {
    for (const auto& [name, value] : object.items()) {
      if (value.is_object()) {
        take(prefix + name + ".", value);
      } else {
        const std::string column = prefix + name;
        if (std::ranges::find(columns_, column) == columns_.end()) columns_.push_back(column);
        rows_.back()[column] = value.is_null() ? "" : value.dump();
      }
    }
  }

  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace

void write_metrics_table(const RunFolder& folder) {
  Table table;
  folder.for_each_metric([&](const Json& line) { table.add(line); });
  if (table.empty()) return;
  AtomicFile file(folder.table());
  file.write(table.text());
  file.commit();
}

}  // namespace voxloom::cli
