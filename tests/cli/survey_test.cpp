// Surveys as their user meets them: convert and segment with --crop, --thin, --shift, --merge and --split-by, and what
// info says of a scan.
#include "voxloom/survey.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "cli/shell.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::byte> system_record() {
  const std::string text =
      R"(PROJCS["ETRS89 / UTM zone 32N",UNIT["metre",1],AUTHORITY["EPSG","25832"]])";
  std::vector<std::byte> record(54 + text.size());
  std::memcpy(record.data() + 2, "LASF_Projection", 15);
  const std::uint16_t id = 2112, size = static_cast<std::uint16_t>(text.size());
  std::memcpy(record.data() + 18, &id, 2);
  std::memcpy(record.data() + 20, &size, 2);
  std::memcpy(record.data() + 22, "OGC WKT", 7);
  std::memcpy(record.data() + 54, text.data(), text.size());
  return record;
}

class SurveyCommands : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (!IsSkipped()) write_survey("town.las", 0);
  }

  // 20 x 20 points, a metre apart, from (448000 + east, 5411000) on; every other one of class 6, with an amplitude of its
  // own that LAS has no field for.
  void write_survey(const std::string& name, double east) const {
    Scan scan;
    scan.origin = {448000 + east, 5411000, 0};
    scan.las = LasRecords{.encoding = 1, .vlrs = {system_record()}};
    std::vector<std::uint8_t> classes;
    std::vector<float> amplitudes;
    for (int i = 0; i < 400; ++i) {
      scan.positions.push_back({i % 20 + 0.25, i / 20 + 0.25, 0.5});
      classes.push_back(i % 2 == 0 ? 6 : 2);
      amplitudes.push_back(static_cast<float>(i) / 4);
    }
    scan.set("classification", classes);
    scan.set("amplitude", amplitudes);
    write_scan(in_folder(name), scan);
  }

  [[nodiscard]] ShellResult run(const std::string& arguments) const {
    return ShellTest::run(arguments, "cd '" + in_folder(".") + "' &&");
  }
  [[nodiscard]] Scan done(const std::string& arguments, const std::string& output) const {
    const ShellResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.text;
    return read_scan(in_folder(output));
  }
};

TEST_F(SurveyCommands, CropsAndThins) {
  const Scan scan =
      done("convert town.las mill.las --crop 448004 5411004 448008 5411008 --thin 2", "mill.las");
  EXPECT_EQ(scan.size(), 4);
  EXPECT_EQ(scan.at(0), (std::array<double, 3>{448004.25, 5411004.25, 0.5}));
  EXPECT_EQ(scan.find("amplitude")->as_double(0), 84 / 4.0) << "extra bytes";
  ASSERT_TRUE(coordinate_system(scan).has_value());
  EXPECT_EQ(coordinate_system(scan)->epsg, 25832);
  EXPECT_EQ(scan.las->encoding & 1, 1);
  const ShellResult told = run("convert town.las mill.las --crop-z 1 2");
  EXPECT_TRUE(told.text.starts_with(
      "voxloom: town.las: 400 points outside of what is cropped to are left out, 0 are in it\n"
      "mill.las: 0 points, "))
      << told.text;
}

TEST_F(SurveyCommands, RefusesWhatIsNoBoxOrSize) {
  EXPECT_EQ(run("convert town.las a.las --crop 5 0 0 1").exit_code, 1);
  EXPECT_EQ(run("convert town.las a.las --crop 5 0 0").exit_code, 2);
  EXPECT_EQ(run("convert town.las a.las --thin 0").exit_code, 2);
  for (const char* far : {"1e300", "nan", "-1e13"}) {
    EXPECT_EQ(run(fmt::format("convert town.las a.las --shift {} 0 0", far)).exit_code, 2) << far;
  }
  EXPECT_EQ(run("convert town.las a.las b.las").exit_code, 2);
  EXPECT_EQ(run("convert town.las - --to las --split-by 5").exit_code, 2);
  EXPECT_EQ(run("segment town.las --out out --format label --thin 1").exit_code, 2);
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(SurveyCommands, ShiftsWithoutRounding) {
  const Scan before = read_scan(in_folder("town.las"));
  const Scan scan = done("convert town.las local.las --shift -448000 -5411000 -0.5", "local.las");
  EXPECT_EQ(scan.at(21), (std::array<double, 3>{1.25, 1.25, 0}));
  EXPECT_EQ(scan.quantization->scale, before.quantization->scale);
  EXPECT_NE(run("convert town.las local.las --shift 1 0 0")
                .text.find("the coordinate system stays ETRS89 / UTM zone 32N (EPSG:25832)"),
            std::string::npos);
}

TEST_F(SurveyCommands, MergesAndSplitsAgain) {
  write_survey("east.las", 20);
  std::string merge = "convert town.las east.las --merge all.las";
  EXPECT_EQ(done(merge, "all.las").size(), 800);
  const ShellResult tiles = run("convert all.las tile.las --split-by 20");
  EXPECT_EQ(tiles.exit_code, 0) << tiles.text;
  Scan east = read_scan(in_folder("tile_448020_5411000.las"));
  EXPECT_EQ(east.size(), 400);
  EXPECT_EQ(east.at(399), read_scan(in_folder("east.las")).at(399));
  EXPECT_TRUE(fs::exists(in_folder("tile_448000_5411000.las")));
  const ShellResult classes = run("convert all.las class.ply --split-by classification");
  EXPECT_EQ(classes.exit_code, 0) << classes.text;
  EXPECT_EQ(read_scan(in_folder("class_2.ply")).size(), 400);
  EXPECT_EQ(read_scan(in_folder("class_6.ply")).size(), 400);
  EXPECT_NE(classes.text.find("the coordinate system, ETRS89 / UTM zone 32N (EPSG:25832), in "
                              "metre, is not kept: ply has no place for it"),
            std::string::npos);
  EXPECT_EQ(run("convert town.las east.las --merge town.las --overwrite").exit_code, 1)
      << "an input of this call";
}

TEST_F(SurveyCommands, AreShown) {
  const ShellResult shown = run("info town.las");
  EXPECT_EQ(shown.exit_code, 0) << shown.text;
  for (const char* line :
       {"town.las\n", "  format              las\n", "  points              400\n",
        "  coordinate system   ETRS89 / UTM zone 32N (EPSG:25832), in metre\n",
        "448000.25 to 448019.25", "amplitude", "0 to 99.75", "LASF_Projection", "OGC WKT"}) {
    EXPECT_NE(shown.text.find(line), std::string::npos) << line << "\n" << shown.text;
  }
  EXPECT_NE(run("info none.las").exit_code, 0);
}

TEST_F(SurveyCommands, WholeNumbersAreShownAsTheyAre) {
  Scan scan;
  scan.positions = {{1, 2, 3}, {4, 5, 6.5}};
  scan.set("stamp", std::vector<std::int64_t>{1533151603547590123, -9007199254740993});
  scan.set("id", std::vector<std::uint64_t>{18446744073709551615U, 9007199254740993U});
  scan.set("share", std::vector<float>{0.1F, std::numeric_limits<float>::quiet_NaN()});
  write_scan(in_folder("stamps.npz"), scan);
  const ShellResult shown = run("info stamps.npz");
  for (const char* range :
       {"-9007199254740993 to 1533151603547590123", "9007199254740993 to 18446744073709551615",
        "0.10000000149011612 to 0.10000000149011612, 1 not finite", "3 to 6.5"}) {
    EXPECT_NE(shown.text.find(range), std::string::npos) << range << "\n" << shown.text;
  }
}

TEST_F(SurveyCommands, AreSegmentedInPart) {
  simulate_and_train(1);
  const std::string call = fmt::format(
      "segment scans/000000.bin --out out --model run/model.lattice --no-pictures --format ply "
      "--crop -10 -10 10 10 --thin 0.5");
  const Scan scan = done(call, "out/000000.ply");
  const Scan whole = read_scan(in_folder("scans/000000.bin"));
  EXPECT_LT(scan.size(), whole.size());
  ASSERT_GT(scan.size(), 0);
  EXPECT_LE(bounds(scan).high[0], 10);
  const Scan shifted = done(call + " --shift 1000 0 0 --overwrite", "out/000000.ply");
  EXPECT_EQ(shifted.find("label")->values, scan.find("label")->values)
      << "what is written is moved, not what is seen";
  EXPECT_EQ(shifted.at(0)[0], scan.at(0)[0] + 1000);
}

TEST_F(SurveyCommands, TheManualKnowsEveryCommand) {
  const ShellResult page = run("manual man");
  EXPECT_EQ(page.exit_code, 0);
  for (const char* text : {".TH VOXLOOM 1", "\n.SS voxloom segment SCAN", "\\fB\\-\\-crop\\fR"}) {
    EXPECT_NE(page.text.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(run("manual fish").exit_code, 2);
}

// What bash would offer for the last of these words.
TEST_F(SurveyCommands, BashCompletesTheirWords) {
  if (run_shell("command -v bash").exit_code != 0) GTEST_SKIP() << "there is no bash";
  EXPECT_EQ(run("manual bash > completion.bash").exit_code, 0);
  const auto offered = [&](const std::string& words, int at) {
    return run_shell(fmt::format("bash -c 'source {}; COMP_WORDS=({}); COMP_CWORD={}; _voxloom; "
                                 "echo ${{COMPREPLY[*]}}'",
                                 in_folder("completion.bash"), words, at))
        .text;
  };
  EXPECT_EQ(offered("voxloom seg", 1), "segment\n");
  EXPECT_EQ(offered("voxloom segment --cro", 2), "--crop --crop-z\n");
  EXPECT_EQ(offered("voxloom segment a.las --format p", 4), "ply pcd\n");
  EXPECT_EQ(offered("voxloom manual m", 2), "man\n");
  EXPECT_EQ(offered("voxloom segment a.la", 2), "\n") << "names of files are the shell's";
}

}  // namespace
}  // namespace voxloom::test
