// JSON as text, whatever bytes the names of files in it are.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace voxloom::cli {

// On one line, or with so many blanks for each level. What is no UTF-8 becomes U+FFFD: file names need not be, JSON is.
[[nodiscard]] inline std::string json_text(const nlohmann::ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace voxloom::cli
