#include "core/machine_memory.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>

namespace voxloom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUnknown = std::numeric_limits<std::size_t>::max();

// "MemAvailable:   12345 kB" in /proc/meminfo.
std::size_t machine_available(const fs::path& meminfo) {
  std::ifstream file(meminfo);
  std::string name, unit;
  std::size_t kibibytes = 0;
  while (file >> name >> kibibytes) {
    std::getline(file, unit);
    if (name == "MemAvailable:") return kibibytes * 1024;
  }
  return kUnknown;
}

// One number, or "max", which is none.
std::optional<std::size_t> number_in(const fs::path& path) {
  std::ifstream file(path);
  std::size_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

// "inactive_file 12345" in memory.stat.
std::size_t droppable_in(const fs::path& group) {
  std::ifstream file(group / "memory.stat");
  std::string name;
  std::size_t bytes = 0;
  while (file >> name >> bytes) {
    if (name == "inactive_file") return bytes;
  }
  return 0;
}

std::size_t left_in(const fs::path& group) {
  // Above the first one processes are held up until they let memory go, at the second one they are ended.
  const std::size_t most = std::min(number_in(group / "memory.high").value_or(kUnknown),
                                    number_in(group / "memory.max").value_or(kUnknown));
  const auto used = number_in(group / "memory.current");
  if (most == kUnknown || !used) return kUnknown;
  const std::size_t needed = *used - std::min(*used, droppable_in(group));
  return most > needed ? most - needed : 0;
}

// The path behind "0::", which stands for version 2 among the lines of others.
std::optional<fs::path> group_of(std::string_view membership) {
  constexpr std::string_view kMark = "0::/";
  while (!membership.empty()) {
    const std::string_view line = membership.substr(0, membership.find('\n'));
    if (line.starts_with(kMark)) return fs::path(line.substr(kMark.size())).lexically_normal();
    membership.remove_prefix(std::min(membership.size(), line.size() + 1));
  }
  return std::nullopt;
}

std::string text_in(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::size_t group_memory_left(const fs::path& mount, std::string_view membership) {
  const std::optional<fs::path> group = group_of(membership);
  std::size_t left = left_in(mount);  // of a container that sees its own group as the root
  // A process that was moved out of what its namespace shows has a path that leads out of it.
  if (!group || group->string().starts_with("..")) return left;
  fs::path place = mount;
  for (const fs::path& part : *group) {
    place /= part;
    left = std::min(left, left_in(place));
  }
  return left;
}

std::size_t available_memory(const fs::path& root) {
  return std::min(machine_available(root / "proc/meminfo"),
                  group_memory_left(root / "sys/fs/cgroup", text_in(root / "proc/self/cgroup")));
}

}  // namespace voxloom
