// Tables in the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace voxloom::cli {

// Columns as wide as their widest cell.
class TextTable {
 public:
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Under a title, on the standard output; nothing without rows.
  void print(std::string_view title) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

[[nodiscard]] std::string grouped(std::uint64_t number);        // "12,345"
[[nodiscard]] std::string readable_bytes(std::uint64_t bytes);  // "1.5 MiB"

}  // namespace voxloom::cli
