// voxloom bench as its user meets it: a tiny scene, tables, JSON, exit codes. No test looks at a
// time.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/shell.h"

namespace voxloom::test {
namespace {

class BenchCommand : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (!IsSkipped()) write_plane("plane.npy");
  }
  // With the fewest repetitions, so that the test is about the program and not the machine.
  [[nodiscard]] ShellResult bench(const std::string& arguments) const {
    return run(fmt::format("bench {} --seconds 0 --repeat 1", arguments));
  }
  [[nodiscard]] nlohmann::json read_json(const std::string& name) const {
    std::ifstream file(in_folder(name));
    return nlohmann::json::parse(file);
  }
};

TEST_F(BenchCommand, WritesATableAndJson) {
  const ShellResult result =
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
  const ShellResult result = bench(
      fmt::format("map --scene '{}' --kernel 2 --stride 2 --threads 1", in_folder("plane.npy")));
  ASSERT_EQ(result.exit_code, 0) << result.text;
  EXPECT_NE(result.text.find("index + map 2x2x2 stride 2"), std::string::npos) << result.text;
  EXPECT_NE(result.text.find("coordinate index"), std::string::npos);
}

TEST_F(BenchCommand, TakesAnyInstructionSetOfTheMachine) {
  const ShellResult result =
      bench("map --isa scalar --threads 1 --scene '" + in_folder("plane.npy") + "'");
  ASSERT_EQ(result.exit_code, 0) << result.text;
  EXPECT_NE(result.text.find("scalar"), std::string::npos);
}

TEST_F(BenchCommand, FailsOnBadData) {
  std::ofstream(in_folder("bad.npy")) << "no array";
  for (const char* scene : {"bad.npy", "missing.npy", "folder"}) {
    const ShellResult result =
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
    const ShellResult result = bench(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments << ": " << result.text;
  }
}

}  // namespace
}  // namespace voxloom::test
