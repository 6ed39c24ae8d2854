// voxloom convert and voxelize as their user meets them.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "voxloom/io.h"
#include "voxloom/safetensors.h"

namespace voxloom::test {
namespace {

struct Result {
  int exit_code = -1;
  std::string text;  // both streams
};

class ConvertCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* program = std::getenv("VOXLOOM_PROGRAM");
    if (program == nullptr) GTEST_SKIP() << "VOXLOOM_PROGRAM does not name the program";
    program_ = program;
    std::string name = (std::filesystem::temp_directory_path() / "voxloom-cli-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ / "a.csv") << "x,y,z,intensity,label\n0.1,0.2,0.3,5,1\n0.11,0.2,0.3,7,2\n"
                                        "2,2,2,9,3\n";
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // The arguments are seen from inside of the folder.
  [[nodiscard]] Result run(const std::string& arguments) const {
    const std::string command =
        "cd '" + folder_.string() + "' && '" + program_ + "' " + arguments + " 2>&1";
    Result result;
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

  std::string program_;
  std::filesystem::path folder_;
};

TEST_F(ConvertCommand, GoesThroughTheFormats) {
  for (const char* pair : {"a.csv a.ply", "a.ply a.pcd", "a.pcd a.npy", "a.npy a.npz",
                           "a.npz a.las", "a.las b.ply --encoding ascii"}) {
    const Result result = run(std::string("convert ") + pair);
    EXPECT_EQ(result.exit_code, 0) << result.text;
    EXPECT_NE(result.text.find("3 points, "), std::string::npos) << result.text;
  }
  const Scan scan = read_scan(folder_ / "b.ply");
  EXPECT_EQ(scan.size(), 3);
  EXPECT_NEAR(scan.positions[1][0], 0.11, 1e-9);
  ASSERT_NE(scan.find("classification"), nullptr);
  EXPECT_EQ(scan.find("classification")->as_double(2), 3);
}

TEST_F(ConvertCommand, RefusesWithOneLineAndWritesNothing) {
  std::ofstream(folder_ / "bad.bin") << "seventeen letters";
  const Result bad = run("convert bad.bin out.ply");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.text,
            "voxloom: [read_scan] bad.bin: byte 16: 1 bytes are left over: a KITTI file is a "
            "multiple of 16 bytes long\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.ply"));
  EXPECT_EQ(run("convert a.csv out.doc").exit_code, 1);
  EXPECT_EQ(run("convert a.csv").exit_code, 2);
  EXPECT_EQ(run("convert a.csv a.ply --to tape").exit_code, 2);
}

TEST_F(ConvertCommand, Voxelizes) {
  const Result result = run("voxelize a.csv v.safetensors --size 0.5 --features label,intensity");
  EXPECT_EQ(result.text, "v.safetensors: 3 points, 2 voxels\n");
  const Safetensors arrays = read_safetensors(folder_ / "v.safetensors");
  EXPECT_EQ(arrays.at("coords").shape(), (Shape{2, 4}));
  EXPECT_EQ(arrays.at("features").shape(), (Shape{2, 2}));
  EXPECT_EQ(arrays.at("features").data<float>()[1], 6);
  EXPECT_EQ(arrays.at("row_of_point").shape(), (Shape{3}));
  EXPECT_EQ(run("voxelize a.csv v.safetensors --size -1").exit_code, 2);
  EXPECT_EQ(run("voxelize a.csv v.safetensors --size 1 --features nothing").exit_code, 1);
}

}  // namespace
}  // namespace voxloom::test
