#include "cli/open_files.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>

namespace voxloom::cli {

void allow_open_files(std::size_t more, const char* why) {
  constexpr ::rlim_t kOthers = 64;  // the program's, and those of a library of MPI
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;  // opening them tells
  const ::rlim_t wanted = kOthers + static_cast<::rlim_t>(more);
  if (wanted <= limit.rlim_cur) return;
  if (wanted > limit.rlim_max) {
    throw std::runtime_error(
        fmt::format("{} want {} open files, and the system allows a process {} of them (ulimit "
                    "-Hn): raise that, or take fewer ranks",
                    why, wanted, limit.rlim_max));
  }
  limit.rlim_cur = wanted;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace voxloom::cli
