// Where the pages lie.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace voxloom::test {

inline std::filesystem::path source_folder() {
  const char* folder = std::getenv("VOXLOOM_SOURCE_DIR");
  return std::filesystem::absolute(folder == nullptr ? "." : folder);
}

}  // namespace voxloom::test
