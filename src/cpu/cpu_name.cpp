#include "cpu/cpu_name.h"

#include <fstream>
#include <optional>
#include <string_view>

namespace voxloom::cpu {
namespace {

// The value of "key    : value".
std::optional<std::string> value_of(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::size_t first = line.find_first_not_of(" \t", colon + 1);
  return first == std::string_view::npos ? std::string() : std::string(line.substr(first));
}

}  // namespace

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string implementer;
  for (std::string line; std::getline(file, line);) {
    if (const auto name = value_of(line, "model name")) return *name;
    if (const auto value = value_of(line, "CPU implementer")) implementer = *value;
    if (const auto part = value_of(line, "CPU part")) {
      return "ARM implementer " + implementer + " part " + *part;
    }
  }
  return "unknown";
}

}  // namespace voxloom::cpu
