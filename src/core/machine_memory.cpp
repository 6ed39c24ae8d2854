#include "core/machine_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace voxloom {
namespace {

constexpr std::size_t kUnknown = std::numeric_limits<std::size_t>::max();

// "MemAvailable:   12345 kB" in /proc/meminfo.
std::size_t machine_available() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  std::size_t kibibytes = 0;
  while (file >> name >> kibibytes) {
    std::getline(file, unit);
    if (name == "MemAvailable:") return kibibytes * 1024;
  }
  return kUnknown;
}

// One number, or "max", which is none.
std::optional<std::size_t> number_in(const char* path) {
  std::ifstream file(path);
  std::size_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

std::size_t group_available() {
  const auto most = number_in("/sys/fs/cgroup/memory.max");
  const auto used = number_in("/sys/fs/cgroup/memory.current");
  if (!most || !used) return kUnknown;
  return *most > *used ? *most - *used : 0;
}

}  // namespace

std::size_t available_memory() { return std::min(machine_available(), group_available()); }

}  // namespace voxloom
