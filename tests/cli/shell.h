// Runs the program from a shell, in a folder of its own that is removed afterwards.
#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "oracle/random.h"
#include "support/keep_bundles.h"

namespace voxloom::test {

struct ShellResult {
  int exit_code = -1;
  std::string text;  // both streams
};

class ShellTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* program = std::getenv("VOXLOOM_PROGRAM");
    if (program == nullptr) GTEST_SKIP() << "VOXLOOM_PROGRAM does not name the program";
    program_ = program;
    folder_ =
        std::filesystem::temp_directory_path() /
        fmt::format("voxloom-{}-{}",
                    ::testing::UnitTest::GetInstance()->current_test_info()->name(), ::getpid());
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override {
    keep_bundles(folder_);
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // `environment`: assignments before the command, "A=1 B=2".
  [[nodiscard]] ShellResult run(const std::string& arguments,
                                const std::string& environment = "") const {
    return run_shell(fmt::format("{} '{}' {}", environment, program_, arguments));
  }

  [[nodiscard]] static ShellResult run_shell(const std::string& line) {
    const std::string command = line + " 2>&1";
    ShellResult result;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return result;
    std::array<char, 4096> part{};
    for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
      result.text.append(part.data(), n);
    }
    const int status = ::pclose(pipe);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
  }

  [[nodiscard]] std::string in_folder(const std::string& name) const {
    return (folder_ / name).string();
  }
  [[nodiscard]] std::size_t file_count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_),
                                                  std::filesystem::directory_iterator()));
  }

  [[nodiscard]] std::string bytes_of(const std::string& name) const {
    std::ifstream in(in_folder(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // scans/: simulated ones; run/model.lattice: a network that saw one of them for a step.
  void simulate_and_train(int scans) const {
    ShellResult done = run(
        fmt::format("simulate --scans {} --sensor vlp16 --out '{}'", scans, in_folder("scans")));
    ASSERT_EQ(done.exit_code, 0) << done.text;
    std::ofstream(in_folder("config.json")) << fmt::format(
        R"({{"data": {{"folder": "{}"}}, "model": {{"depth": 14, "width": 0.125}},
            "voxel_size": 1.0, "batch_size": 1, "steps": 1}})",
        in_folder("scans"));
    done = run(fmt::format("train '{}' --out '{}'", in_folder("config.json"), in_folder("run")));
    ASSERT_EQ(done.exit_code, 0) << done.text;
  }

  // scans/: a floor of 5 m, labelled 7, with a box of 1 m on it, labelled 9, and their table.
  void write_boxes(int scans, std::uint32_t points) const {
    std::filesystem::create_directory(in_folder("scans"));
    for (int i = 0; i < scans; ++i) {
      voxloom_oracle::Random random(static_cast<std::uint64_t>(i));
      const auto unit = [&] { return static_cast<float>(random.unit()); };
      std::ofstream bin(in_folder(fmt::format("scans/{}.bin", i)), std::ios::binary);
      std::ofstream labels(in_folder(fmt::format("scans/{}.label", i)), std::ios::binary);
      for (std::uint32_t p = 0; p < points; ++p) {
        const bool is_box = p % 3 == 0;
        const std::array<float, 4> point = {is_box ? 2 + unit() : 5 * unit(),
                                            is_box ? 1 + unit() : 5 * unit(),
                                            is_box ? unit() : 0.0F, is_box ? 0.8F : 0.2F};
        const std::uint32_t label = is_box ? 9 : 7;
        bin.write(reinterpret_cast<const char*>(point.data()), sizeof(point));
        labels.write(reinterpret_cast<const char*>(&label), sizeof(label));
      }
    }
    std::ofstream(in_folder("scans/classes.json"))
        << R"({"classes": [{"name": "floor", "values": [7]}, {"name": "box", "values": [9]}]})";
  }

  // A scene: a plane of 5 x 4 voxels.
  void write_plane(const std::string& name) const {
    std::string header = "{'descr': '<i4', 'fortran_order': False, 'shape': (20, 4), }";
    header.resize(117, ' ');
    header += '\n';
    std::ofstream file(in_folder(name), std::ios::binary);
    file.write("\x93NUMPY\1\0", 8);
    file.put(static_cast<char>(header.size()));
    file.put('\0');
    file << header;
    for (std::int32_t x = 0; x < 5; ++x) {
      for (std::int32_t y = 0; y < 4; ++y) {
        const std::array<std::int32_t, 4> row = {0, x, y, 7};
        file.write(reinterpret_cast<const char*>(row.data()), sizeof(row));
      }
    }
  }

 private:
  std::string program_;
  std::filesystem::path folder_;
};

}  // namespace voxloom::test
