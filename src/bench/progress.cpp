#include "bench/progress.h"

#include <fmt/core.h>
#include <unistd.h>

namespace voxloom::bench {
namespace {

constexpr const char* kEraseLine = "\r\x1b[K";

}  // namespace

Progress::Progress(std::FILE* terminal)
    : terminal_(::isatty(::fileno(terminal)) == 1 ? terminal : nullptr) {}

Progress::~Progress() { clear(); }

void Progress::show(std::string_view text) {
  if (terminal_ == nullptr) return;
  std::fputs(fmt::format("{}{}", kEraseLine, text).c_str(), terminal_);
  std::fflush(terminal_);
}

void Progress::clear() { show(""); }

}  // namespace voxloom::bench
