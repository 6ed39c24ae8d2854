// voxloom simulate as its user meets it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/shell.h"
#include "voxloom/io.h"
#include "voxloom/simulator.h"

namespace voxloom::test {
namespace {

class SimulateCommand : public ShellTest {};

TEST_F(SimulateCommand, WritesWhatTheDatasetMakes) {
  const ShellResult result = run("simulate --out '" + in_folder("s") +
                                 "' --scans 2 --seed 5 --split val --sensor vlp16 --threads 1");
  EXPECT_EQ(result.exit_code, 0) << result.text;
  EXPECT_NE(result.text.find("2/2 scans, 0 s left\n"), std::string::npos) << result.text;
  const DatasetPtr read = open_dataset(in_folder("s"));
  ASSERT_EQ(read->size(), 2);
  EXPECT_EQ(read->name(1), "000001");
  const DatasetPtr made = sim::street_dataset(
      {.split = sim::Split::val, .scans = 2, .seed = 5, .sensor = sim::Sensor::vlp16});
  for (std::int64_t i = 0; i < 2; ++i) EXPECT_EQ(read->get(i), made->get(i));
}

TEST_F(SimulateCommand, WritesPly) {
  const ShellResult result =
      run("simulate --out '" + in_folder("s") + "' --scans 1 --sensor vlp16 --format ply");
  EXPECT_EQ(result.exit_code, 0) << result.text;
  const DatasetPtr made = sim::street_dataset({.scans = 1, .sensor = sim::Sensor::vlp16});
  EXPECT_EQ(open_dataset(in_folder("s"))->get(0), made->get(0));
}

// Streets keep their shape; the second stands 100 m from the first.
TEST_F(SimulateCommand, PutsStreetsOnOneMap) {
  const ShellResult result =
      run("simulate --map '" + in_folder("town.ply") + "' --scans 2 --sensor vlp16");
  EXPECT_EQ(result.exit_code, 0) << result.text;
  const Scan map = read_scan(in_folder("town.ply"));
  const DatasetPtr made = sim::street_dataset({.scans = 2, .sensor = sim::Sensor::vlp16});
  const LabelledScan first = made->get(0), second = made->get(1);
  ASSERT_EQ(map.size(), first.size() + second.size());
  const auto& a = map.positions.front();
  const auto& b = map.positions.back();
  EXPECT_NEAR(a[0], first.positions.front()[0] - 100, 1e-4);
  EXPECT_NEAR(a[1], first.positions.front()[1] - 100, 1e-4);
  EXPECT_NEAR(b[0], second.positions.back()[0], 1e-4);
  EXPECT_NEAR(b[1], second.positions.back()[1] - 100, 1e-4);
  EXPECT_EQ(map.find("label")->points(), map.size());
  EXPECT_EQ(run("simulate --map a.ply --out b --scans 1").exit_code, 2);
}

TEST_F(SimulateCommand, ReportsTheBaseline) {
  const ShellResult result = run("simulate --baseline --scans 1 --sensor vlp16");
  EXPECT_EQ(result.exit_code, 0) << result.text;
  EXPECT_NE(result.text.find("pedestrian"), std::string::npos);
  EXPECT_NE(result.text.find("over 1 held-out scans"), std::string::npos);
  EXPECT_EQ(file_count(), 0U);
}

TEST_F(SimulateCommand, RefusesWithOneLine) {
  std::filesystem::create_directory(in_folder("full"));
  std::ofstream(in_folder("full/mine.txt")) << "mine";
  const ShellResult full = run("simulate --scans 1 --out '" + in_folder("full") + "'");
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_EQ(full.text, "voxloom: " + in_folder("full") + " holds files already\n");
  EXPECT_EQ(run("simulate --scans 1 --out '" + in_folder("full/mine.txt") + "'").exit_code, 1);
  EXPECT_EQ(run("simulate --scans 1").exit_code, 2);
  const std::string out = " --out '" + in_folder("x") + "'";
  EXPECT_EQ(run("simulate" + out).exit_code, 2);
  EXPECT_EQ(run("simulate --scans 0" + out).exit_code, 2);
  EXPECT_EQ(run("simulate --scans 1 --seed 4294967296" + out).exit_code, 2);
  EXPECT_EQ(run("simulate --scans 1 --split all" + out).exit_code, 2);
  EXPECT_EQ(run("simulate --scans 1 --sensor eye" + out).exit_code, 2);
  EXPECT_EQ(run("simulate --scans 1 --format tape" + out).exit_code, 2);
  EXPECT_EQ(run("simulate --scans 1 --threads 0" + out).exit_code, 2);
  EXPECT_EQ(run("simulate --baseline --scans 1" + out).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(in_folder("x")));
  EXPECT_EQ(run("simulate --help").exit_code, 0);
}

// Whole scans stay, and nothing half written does.
TEST_F(SimulateCommand, EndsBetweenScansWhenItIsStopped) {
  const ShellResult result = run_shell(fmt::format(
      "\"$VOXLOOM_PROGRAM\" simulate --scans 100000 --sensor vlp16 --out '{0}' 2>&1 & p=$!; "
      "while [ ! -e '{0}/000001.bin' ]; do sleep 0.01; done; kill -INT $p; wait $p; echo code $?",
      in_folder("out")));
  EXPECT_NE(result.text.find("code 130"), std::string::npos) << result.text;
  EXPECT_NE(result.text.find("stopped before scan "), std::string::npos) << result.text;
  for (const auto& entry : std::filesystem::directory_iterator(in_folder("out"))) {
    EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos) << entry.path();
  }
  // What a dead process left does not make a folder full.
  std::filesystem::create_directory(in_folder("left"));
  std::ofstream(in_folder("left/000000.bin.tmp-999999999-0")) << "x";
  const ShellResult again =
      run("simulate --scans 1 --sensor vlp16 --out '" + in_folder("left") + "'");
  EXPECT_EQ(again.exit_code, 0) << again.text;
  // A map is one file: where it cannot be written is known before the first street is made.
  const ShellResult nowhere =
      run("simulate --scans 100000 --map '" + in_folder("no/map.ply") + "'");
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_EQ(nowhere.text.find("cannot write"), std::string("voxloom: ").size()) << nowhere.text;
}

}  // namespace
}  // namespace voxloom::test
