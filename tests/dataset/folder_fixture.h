// A folder of its own for each test of data sets on disk.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "voxloom/dataset.h"
#include "voxloom/error.h"

namespace voxloom::test {

namespace fs = std::filesystem;

class DatasetFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::temp_directory_path() /
        (std::string("voxloom-") + ::testing::UnitTest::GetInstance()->current_test_info()->name() +
         "-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  template <typename T>
  void write(const fs::path& name, const std::vector<T>& values,
             const std::string& head = "") const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream file(folder_ / name, std::ios::binary);
    file << head;
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(T)));
  }
  void write_text(const fs::path& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] std::string error_of(const FolderOptions& options = {}) const {
    try {
      static_cast<void>(open_dataset(folder_, options)->get(0));
    } catch (const FormatError& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path folder_;
};

}  // namespace voxloom::test
