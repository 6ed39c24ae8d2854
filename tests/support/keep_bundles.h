// What tests write, for other programs to look at: scripts/test_contract.sh.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace voxloom::test {

// Copies every bundle within the folder to $VOXLOOM_KEEP_BUNDLES, where that is set, as TEST-NUMBER.lattice.
inline void keep_bundles(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  const char* to = std::getenv("VOXLOOM_KEEP_BUNDLES");
  if (to == nullptr) return;
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = "shared";
  if (test != nullptr) name = std::string(test->test_suite_name()) + "." + test->name();
  std::ranges::replace(name, '/', '_');
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; entry != end;
       entry.increment(error)) {
    if (entry->path().extension() != ".lattice" || !entry->is_directory(error)) continue;
    fs::create_directories(to, error);
    for (int number = 0;; ++number) {
      const fs::path target = fs::path(to) / (name + "-" + std::to_string(number) + ".lattice");
      if (fs::exists(target)) continue;
      fs::copy(entry->path(), target, fs::copy_options::recursive, error);
      break;
    }
  }
}

}  // namespace voxloom::test
