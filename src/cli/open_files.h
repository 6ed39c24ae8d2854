// How many files a process may have open at once.
#pragma once

#include <cstddef>

namespace voxloom::cli {

// Raises the process's own limit, as far as the system's allows, so that so many more files can be open.
// std::runtime_error where it does not; `why` says what they are for.
void allow_open_files(std::size_t more, const char* why);

}  // namespace voxloom::cli
