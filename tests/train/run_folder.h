// A folder for the checkpoints of a test, removed afterwards.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace voxloom::test {

class RunFolderTest : public testing::Test {
 protected:
  RunFolderTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("voxloom_run_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~RunFolderTest() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::string bytes_of(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace voxloom::test
