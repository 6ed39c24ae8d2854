// voxloom bench as its user meets it: a tiny scene, tables, JSON, exit codes. No test looks at a
// time.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

struct Result {
  int exit_code = -1;
  std::string text;  // both streams
};

class BenchCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* program = std::getenv("VOXLOOM_PROGRAM");
    if (program == nullptr) GTEST_SKIP() << "VOXLOOM_PROGRAM does not name the program";
    program_ = program;
    folder_ =
        fs::temp_directory_path() /
        fmt::format("voxloom-{}-{}",
                    ::testing::UnitTest::GetInstance()->current_test_info()->name(), ::getpid());
    fs::create_directory(folder_);
    write_scene();
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  // With the fewest repetitions, so that the test is about the program and not the machine.
  [[nodiscard]] Result bench(const std::string& arguments) const {
    const std::string command =
        fmt::format("'{}' bench {} --seconds 0 --repeat 1 2>&1", program_, arguments);
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

  [[nodiscard]] std::string in_folder(const std::string& name) const {
    return (folder_ / name).string();
  }
  [[nodiscard]] nlohmann::json read_json(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return nlohmann::json::parse(file);
  }
  [[nodiscard]] std::size_t file_count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

 private:
  // A plane of 5 x 4 voxels.
  void write_scene() const {
    std::string header = "{'descr': '<i4', 'fortran_order': False, 'shape': (20, 4), }";
    header.resize(117, ' ');
    header += '\n';
    std::ofstream file(in_folder("plane.npy"), std::ios::binary);
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

  std::string program_;
  fs::path folder_;
};

TEST_F(BenchCommand, WritesATableAndJson) {
  const Result result =
      bench(fmt::format("conv --scene '{}' --channels 8,4x6 --op forward --dtype f32,f16 "
                        "--threads 1,2 --json '{}'",
                        in_folder("plane.npy"), in_folder("out.json")));
  ASSERT_EQ(result.exit_code, 0) << result.text;
  EXPECT_NE(result.text.find("plane, 20 rows"), std::string::npos);
  EXPECT_NE(result.text.find("forward 3x3x3"), std::string::npos);
  EXPECT_EQ(result.text.find('\x1b'), std::string::npos) << "progress is for terminals";
  const nlohmann::json json = read_json("out.json");
  ASSERT_EQ(json["records"].size(), 2U * 2 * 2);
  const nlohmann::json& first = json["records"][0];
  EXPECT_EQ(first["scene"], "plane");
  EXPECT_EQ(first["pairs"], (5 + 4 + 4) * (4 + 3 + 3));
  EXPECT_EQ(first["flops"], 2.0 * 130 * 8 * 8);
  for (const char* key : {"pairs_per_row", "gflops", "gbs", "peak_share", "map_seconds"}) {
    EXPECT_TRUE(first[key].is_number()) << key;
  }
  for (const char* key : {"median", "low", "high"}) {
    EXPECT_TRUE(first["seconds"][key].is_number()) << key;
  }
}

TEST_F(BenchCommand, MeasuresMapsAndSelectsKernels) {
  const Result result = bench(
      fmt::format("map --scene '{}' --kernel 2 --stride 2 --threads 1", in_folder("plane.npy")));
  ASSERT_EQ(result.exit_code, 0) << result.text;
  EXPECT_NE(result.text.find("index + map 2x2x2 stride 2"), std::string::npos) << result.text;
  EXPECT_NE(result.text.find("coordinate index"), std::string::npos);
}

TEST_F(BenchCommand, TakesAnyInstructionSetOfTheMachine) {
  const Result result =
      bench("map --isa scalar --threads 1 --scene '" + in_folder("plane.npy") + "'");
  ASSERT_EQ(result.exit_code, 0) << result.text;
  EXPECT_NE(result.text.find("scalar"), std::string::npos);
}

TEST_F(BenchCommand, FailsOnBadData) {
  std::ofstream(in_folder("bad.npy")) << "no array";
  for (const char* scene : {"bad.npy", "missing.npy", "folder"}) {
    const Result result =
        bench(fmt::format("conv --scene '{}' --json '{}'", in_folder(scene), in_folder("o.json")));
    EXPECT_EQ(result.exit_code, 1) << result.text;
    EXPECT_EQ(result.text.rfind("voxloom: ", 0), 0U) << result.text;
  }
  EXPECT_EQ(file_count(), 2U) << "a run that fails leaves no output";
  EXPECT_EQ(bench("map --json '" + in_folder("no/such/folder.json") + "'").exit_code, 1);
}

TEST_F(BenchCommand, RefusesBadUsage) {
  for (const char* arguments :
       {"cnv", "conv --channels 0", "conv --channels 8x", "conv --dtype f8", "conv --op upward",
        "conv --threads 0", "conv --isa z80", "conv --kernel 0", "conv --no-such-option"}) {
    const Result result = bench(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments << ": " << result.text;
  }
}

}  // namespace
}  // namespace voxloom::test
