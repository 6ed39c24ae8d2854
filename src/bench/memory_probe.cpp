#include "bench/memory_probe.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace voxloom::bench {
namespace {

// A field of /proc/self/status, which the kernel writes in units of 1024 bytes.
std::optional<std::int64_t> status_field(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    std::istringstream value(line.substr(name.size()));
    std::int64_t kibibytes = 0;
    if (value >> kibibytes) return kibibytes * 1024;
  }
  return std::nullopt;
}

// Writing 5 there makes the kernel forget the peak so far (proc(5), clear_refs).
bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  return static_cast<bool>(file << "5" << std::flush);
}

void give_back_freed_memory() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

}  // namespace

std::optional<std::int64_t> memory_added(const std::function<void()>& body) {
  give_back_freed_memory();
  const bool counts = reset_peak();
  const auto before = status_field("VmRSS:");
  body();
  const auto peak = peak_memory();
  if (!counts || !before || !peak) return std::nullopt;
  return std::max<std::int64_t>(0, *peak - *before);
}

std::optional<std::int64_t> peak_memory() { return status_field("VmHWM:"); }

}  // namespace voxloom::bench
