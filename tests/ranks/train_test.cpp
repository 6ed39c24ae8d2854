// voxloom train under a launcher: the bits of one process, whoever stops or is killed.

#include <array>
#include <fstream>

#include "oracle/random.h"
#include "ranks/launch.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class RankedTraining : public LaunchTest {
 protected:
  void SetUp() override {
    LaunchTest::SetUp();
    if (IsSkipped()) return;
    write_boxes(4, 120);
    std::ofstream(in_folder("config.json")) << fmt::format(
        R"({{"data": {{"folder": "{0}"}}, "validation": {{"folder": "{0}"}},
            "model": {{"depth": 14, "width": 0.125}}, "voxel_size": 0.5, "steps": 4,
            "batch_size": 1, "accumulation": 8, "rate": 0.01, "warmup": 1, "save_every": 2,
            "class_weights": "balanced"}})",
        in_folder("scans"));
  }

  [[nodiscard]] ShellResult train(int ranks, const std::string& run_name,
                                  const std::string& more = "") const {
    return voxloom(ranks, fmt::format("train '{}' --out '{}' --threads 1 {}",
                                      in_folder("config.json"), in_folder(run_name), more));
  }
  void expect_same_run(const std::string& a, const std::string& b) const {
    for (const char* file : {"checkpoint.safetensors", "config.json", "model.lattice/graph.mlir",
                             "model.lattice/weights.safetensors"}) {
      EXPECT_TRUE(bytes_of(a + "/" + file) == bytes_of(b + "/" + file)) << b << "/" << file;
      EXPECT_FALSE(bytes_of(a + "/" + file).empty()) << file;
    }
  }
};

TEST_F(RankedTraining, HasTheBitsOfOneProcess) {
  const ShellResult alone =
      run(fmt::format("train '{}' --out '{}'", in_folder("config.json"), in_folder("1")));
  ASSERT_EQ(alone.exit_code, 0) << alone.text;
  for (const int ranks : {2, 3, 4, 8}) {
    const std::string name = std::to_string(ranks);
    const ShellResult result = train(ranks, name);
    ASSERT_EQ(result.exit_code, 0) << result.text;
    EXPECT_NE(result.text.find(fmt::format("2 classes, on {} ranks", ranks)), std::string::npos)
        << result.text;
    EXPECT_NE(result.text.find("validation mIoU"), std::string::npos) << result.text;
    expect_same_run("1", name);
  }
}

// With one rank killed as soon as there is a checkpoint.
TEST_F(RankedTraining, AKilledJobGoesOnOnOtherRanks) {
  ASSERT_EQ(train(2, "whole").exit_code, 0);
  const std::string command = fmt::format(
      "'{0}' -n 3 sh -c 'if [ \"${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}\" = 1 ]; then "
      "( while [ ! -f \"{2}/checkpoint.safetensors\" ]; do sleep 0.01; done; kill -9 $$ ) & fi; "
      "exec \"{1}\" train \"{3}\" --out \"{2}\" --threads 1'",
      variable("VOXLOOM_MPIRUN"), variable("VOXLOOM_PROGRAM"), in_folder("killed"),
      in_folder("config.json"));
  const ShellResult killed = run_shell(command);
  ASSERT_TRUE(fs::exists(in_folder("killed/checkpoint.safetensors"))) << killed.text;
  const ShellResult resumed =
      voxloom(4, fmt::format("train --resume '{}' --threads 1", in_folder("killed")));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.text;
  expect_same_run("whole", "killed");
}

TEST_F(RankedTraining, WhatIsWrongIsSaidOnce) {
  const auto count = [](const std::string& text, const std::string& words) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  const ShellResult many = train(9, "many");
  EXPECT_EQ(many.exit_code, 1) << many.text;
  EXPECT_EQ(count(many.text, "9 ranks for 8 passes of a step"), 1U) << many.text;
  EXPECT_FALSE(fs::exists(in_folder("many")));

  ASSERT_EQ(train(2, "there", "--steps 1").exit_code, 0);
  const ShellResult again = train(2, "there");
  EXPECT_EQ(again.exit_code, 1) << again.text;
  EXPECT_EQ(count(again.text, "holds a run already"), 1U) << again.text;
}

// A launcher that speaks of ranks which MPI does not know.
TEST_F(RankedTraining, ALauncherOfAnotherMpiIsFoundOut) {
  const std::string command =
      fmt::format("train '{}' --out '{}'", in_folder("config.json"), in_folder("run"));
  const ShellResult refused = run(command, "PMI_RANK=0 PMI_SIZE=2");
  EXPECT_EQ(refused.exit_code, 1) << refused.text;
  EXPECT_NE(refused.text.find("PMI_SIZE says that 2 processes were started"), std::string::npos)
      << refused.text;
  EXPECT_FALSE(fs::exists(in_folder("run")));
}

TEST_F(RankedTraining, ALossThatIsNoNumberEndsAll) {
  std::ofstream(in_folder("config.json")) << fmt::format(
      R"({{"data": {{"folder": "{0}"}}, "model": {{"depth": 14, "width": 0.125}},
          "voxel_size": 0.5, "steps": 50, "batch_size": 1, "accumulation": 2, "warmup": 0,
          "rate": 1e30, "clip": 0}})",
      in_folder("scans"));
  const ShellResult result = train(2, "nan");
  EXPECT_EQ(result.exit_code, 1) << result.text;
  EXPECT_NE(result.text.find("try a smaller rate"), std::string::npos) << result.text;
}

}  // namespace
}  // namespace voxloom::test
