// voxloom segment in several calls: what is whole is kept, and parts make one whole.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/shell.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class SegmentCalls : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    simulate_and_train(4);
  }

  [[nodiscard]] ShellResult segment(const std::string& more, const std::string& environment = "",
                                    const std::string& out = "out") const {
    return run(
        fmt::format("segment '{}' --model '{}' --out '{}' --json '{}' {}", in_folder("scans"),
                    in_folder("run/model.lattice"), in_folder(out), in_folder("report.json"), more),
        environment);
  }
  // Of the scans that the last call spoke of.
  [[nodiscard]] std::vector<std::string> reported() const {
    std::vector<std::string> names;
    for (const auto& one : nlohmann::json::parse(bytes_of("report.json"))) {
      names.push_back(one["scan"]);
    }
    return names;
  }
  // Whether the index leads to the scan.
  [[nodiscard]] bool index_has(const std::string& scan) const {
    return bytes_of("out/index.html").find(scan + ".html") != std::string::npos;
  }
};

TEST_F(SegmentCalls, WhatIsWholeIsKept) {
  ASSERT_EQ(segment("").exit_code, 0);
  const std::string report = bytes_of("report.json"), index = bytes_of("out/index.html");
  const ShellResult kept = segment("--resume");
  EXPECT_EQ(kept.exit_code, 0) << kept.text;
  EXPECT_NE(kept.text.find("the results of 4 of 4 scans are whole and are kept"), std::string::npos)
      << kept.text;
  EXPECT_EQ(bytes_of("report.json"), report) << "times included";
  EXPECT_EQ(bytes_of("out/index.html"), index);

  // One result is gone, one is cut, one scan is not what it was.
  const std::string cloud = bytes_of("out/000000.ply"), cut = bytes_of("out/000001.ply");
  fs::remove(in_folder("out/000000.ply"));
  fs::resize_file(in_folder("out/000001.ply"), 100);
  fs::resize_file(in_folder("scans/000002.bin"), 1600);
  // Somebody may have worked on the one that is another now.
  const ShellResult refused = segment("--resume");
  EXPECT_EQ(refused.exit_code, 1) << refused.text;
  EXPECT_NE(refused.text.find("000001.ply' is there already"), std::string::npos) << refused.text;
  const ShellResult rest = segment("--resume --overwrite");
  EXPECT_EQ(rest.exit_code, 0) << rest.text;
  EXPECT_NE(rest.text.find("the results of 1 of 4 scans"), std::string::npos) << rest.text;
  EXPECT_EQ(bytes_of("out/000000.ply"), cloud);
  EXPECT_EQ(bytes_of("out/000001.ply"), cut);
  EXPECT_EQ(nlohmann::json::parse(bytes_of("report.json"))[2]["points"], 100);
}

TEST_F(SegmentCalls, WhatWasMadeOtherwiseIsMadeAgain) {
  ASSERT_EQ(segment("--no-pictures").exit_code, 0);
  for (const char* more :
       {"--resume", "--resume --no-pictures --intensity-range 0 2",
        "--resume --no-pictures --sensor 1 0 0", "--resume --no-pictures --votes 2"}) {
    const ShellResult again = segment(more);
    EXPECT_EQ(again.exit_code, 0) << again.text;
    EXPECT_EQ(again.text.find("are kept"), std::string::npos) << more << "\n" << again.text;
  }
  // Pictures that nobody asks for now are no reason.
  ASSERT_EQ(segment("").exit_code, 0);
  EXPECT_NE(segment("--resume --no-pictures").text.find("4 of 4 scans"), std::string::npos);
  // A scan that was written anew since then is another one, of whatever size.
  const fs::path scan = in_folder("scans/000000.bin");
  fs::last_write_time(scan, fs::last_write_time(scan) + std::chrono::seconds(1));
  EXPECT_NE(segment("--resume --no-pictures").text.find("3 of 4 scans"), std::string::npos);
  // Notes that are none are no reason to fail.
  std::ofstream(in_folder("out/.voxloom/000000.json")) << "{";
  std::ofstream(in_folder("out/.voxloom/000001.json")) << R"({"made_by": 3})";
  const ShellResult again = segment("--resume --no-pictures");
  EXPECT_EQ(again.exit_code, 0) << again.text;
  EXPECT_NE(again.text.find("2 of 4 scans"), std::string::npos) << again.text;
}

// What a killed call leaves: a note that it began, and results that may be whole or not there.
TEST_F(SegmentCalls, WhatWasBegunIsMadeAgain) {
  ASSERT_EQ(segment("--no-pictures").exit_code, 0);
  const std::string cloud = bytes_of("out/000000.ply");
  std::ofstream(in_folder("out/.voxloom/000000.json")) << R"({"begun": true})";
  fs::resize_file(in_folder("out/000000.ply"), 100);
  const ShellResult again = segment("--resume --no-pictures");
  EXPECT_EQ(again.exit_code, 0) << again.text;
  EXPECT_NE(again.text.find("3 of 4 scans"), std::string::npos) << again.text;
  EXPECT_EQ(bytes_of("out/000000.ply"), cloud);
}

TEST_F(SegmentCalls, PartsMakeOneWhole) {
  using Names = std::vector<std::string>;
  ASSERT_EQ(segment("--part 1/3").exit_code, 0);
  EXPECT_EQ(reported(), (Names{"000000", "000003"}));
  ASSERT_EQ(segment("--part auto",
                    "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=3 "
                    "SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_STEP=2")
                .exit_code,
            0);
  EXPECT_EQ(reported(), (Names{"000001"}));
  EXPECT_FALSE(index_has("000002"));
  ASSERT_EQ(segment("--part auto", "PMI_RANK=2 PMI_SIZE=3").exit_code, 0);
  EXPECT_EQ(reported(), (Names{"000002"}));
  for (const char* scan : {"000000", "000001", "000002", "000003"}) {
    EXPECT_TRUE(index_has(scan)) << scan;
  }
  // Two ranks of each task of an array.
  ASSERT_EQ(segment("--no-pictures --part auto",
                    "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 SLURM_PROCID=1 "
                    "SLURM_STEP_NUM_TASKS=2")
                .exit_code,
            0);
  EXPECT_EQ(reported(), (Names{"000003"}));
}

TEST_F(SegmentCalls, RefusesPartsThatAreNone) {
  for (const char* part : {"0/3", "4/3", "1", "a/b", "1/", "/2", "1/99999999999", "-1/2"}) {
    const ShellResult refused = segment(fmt::format("--part={}", part));
    EXPECT_EQ(refused.exit_code, 2) << part;
    EXPECT_NE(refused.text.find("it is I/N with I from 1 to N, or auto"), std::string::npos)
        << refused.text;
  }
  EXPECT_EQ(segment("--part auto").exit_code, 2);
  EXPECT_EQ(segment("--part auto", "PMI_RANK=3 PMI_SIZE=3").exit_code, 2);
  EXPECT_EQ(segment("--part auto", "PMI_RANK=x PMI_SIZE=3").exit_code, 2);
  EXPECT_EQ(segment("--part auto", "SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_COUNT=3").exit_code, 2);
  EXPECT_FALSE(fs::exists(in_folder("out")));
}

}  // namespace
}  // namespace voxloom::test
