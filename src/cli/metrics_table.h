// The lines of metrics.jsonl as a table for whatever reads tables: a column for each figure, in the order in which they
// first come, "validation_iou.road" for one within another.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace voxloom::cli {

class MetricsTable {
 public:
  void add(const nlohmann::ordered_json& line);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string csv() const;

 private:
  void take(const std::string& prefix, const nlohmann::ordered_json& object);

  std::vector<std::string> columns_;
  std::vector<std::map<std::string, std::string>> rows_;
};

}  // namespace voxloom::cli
