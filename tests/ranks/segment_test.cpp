// voxloom segment under a launcher and in parts: the results of one process, and what is left of a job that
// was killed.

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ranks/launch.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class RankedSegmentation : public LaunchTest {
 protected:
  void SetUp() override {
    LaunchTest::SetUp();
    if (IsSkipped()) return;
    simulate_and_train(5);
    std::ofstream(in_folder("scans/000002a.bin")) << "not a whole point";
  }

  [[nodiscard]] std::string arguments(const std::string& out, const std::string& more) const {
    return fmt::format("segment '{}' --model '{}' --out '{}' --json '{}' --threads 1 {}",
                       in_folder("scans"), in_folder("run/model.lattice"), in_folder(out),
                       in_folder(out + ".json"), more);
  }
  // Without what the clock says.
  [[nodiscard]] nlohmann::json report(const std::string& out) const {
    nlohmann::json report = nlohmann::json::parse(bytes_of(out + ".json"));
    for (auto& one : report) one.erase("seconds");
    return report;
  }
  // Pages tell times.
  void expect_same_results(const std::string& a, const std::string& b) const {
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(in_folder(a))) {
      if (!entry.is_regular_file()) continue;
      const fs::path other = fs::path(in_folder(b)) / entry.path().filename();
      EXPECT_TRUE(fs::exists(other)) << other;
      if (entry.path().extension() == ".html") continue;
      EXPECT_TRUE(bytes_of(entry.path().string()) == bytes_of(other.string())) << other;
      ++files;
    }
    EXPECT_GT(files, 0U);
  }
  void simulate_town() const {
    ASSERT_EQ(run(fmt::format("simulate --map '{}' --scans 16 --sensor vlp16 --seed 2",
                              in_folder("town.ply")))
                  .exit_code,
              0);
  }
  [[nodiscard]] std::string scene(const std::string& out, const std::string& more) const {
    return fmt::format(
        "segment '{}' --model '{}/models/street.lattice' --out '{}' --json '{}' --threads 1 {}",
        in_folder("town.ply"), variable("VOXLOOM_SOURCE_DIR"), in_folder(out),
        in_folder(out + ".json"), more);
  }
  // The program after `setup`, a line of the shell, on the rank that is named.
  [[nodiscard]] ShellResult voxloom_with(int ranks, const std::string& setup, const char* on,
                                         const std::string& arguments) const {
    return launch(ranks, fmt::format("sh -c 'case \"${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}\" in {}) "
                                     "{};; esac; exec \"$@\"' - '{}' {}",
                                     on, setup, variable("VOXLOOM_PROGRAM"), arguments));
  }
  [[nodiscard]] std::vector<std::string> temporaries(const std::string& out) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(in_folder(out))) {
      const std::string name = entry.path().filename().string();
      if (name.find(".tmp-") != std::string::npos) found.push_back(name);
    }
    return found;
  }
  // Not one that is dead and only waits for its parent to look.
  [[nodiscard]] static bool runs(int process) {
    std::ifstream status(fmt::format("/proc/{}/stat", process));
    std::string line;
    std::getline(status, line);
    return !line.empty() && line.find(") Z ") == std::string::npos;
  }
  [[nodiscard]] std::size_t results(const std::string& out) const {
    if (!fs::exists(in_folder(out))) return 0;
    const fs::directory_iterator folder(in_folder(out));
    return static_cast<std::size_t>(std::count_if(
        begin(folder), end(folder), [](const auto& e) { return e.path().extension() == ".ply"; }));
  }
  // Rows of the table and lines of errors, in order, without times.
  [[nodiscard]] static std::vector<std::string> names(const std::string& text) {
    std::vector<std::string> found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("00000")) found.push_back(line.substr(0, line.find(' ')));
    }
    return found;
  }
};

TEST_F(RankedSegmentation, HasTheResultsOfOneProcess) {
  std::ofstream(in_folder("scans/times.txt")) << "0\n";
  const ShellResult alone = run(arguments("1", ""));
  EXPECT_EQ(alone.exit_code, 1) << alone.text;  // one is broken
  ASSERT_EQ(names(alone.text).size(), 5U) << alone.text;
  const ShellResult result = voxloom(3, arguments("3", ""));
  EXPECT_EQ(result.exit_code, 1) << result.text;
  EXPECT_EQ(names(result.text), names(alone.text)) << result.text;
  EXPECT_NE(result.text.find("1 of 6 scans failed"), std::string::npos) << result.text;
  // All ranks leave it out, one says so.
  const std::size_t left_out = result.text.find("times.txt");
  ASSERT_NE(left_out, std::string::npos) << result.text;
  EXPECT_EQ(result.text.find("times.txt", left_out + 1), std::string::npos) << result.text;
  EXPECT_EQ(report("1"), report("3"));
  expect_same_results("1", "3");
}

TEST_F(RankedSegmentation, AKilledJobIsTakenUp) {
  ASSERT_EQ(run(arguments("whole", "--no-pictures")).exit_code, 1);
  // Rank 1 is killed as soon as there is a result.
  const std::string command = fmt::format(
      "'{0}' -n 2 sh -c 'if [ \"${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}\" = 1 ]; then "
      "( while ! ls \"$1\"/*.ply >/dev/null 2>&1; do sleep 0.01; done; kill -9 $$ ) & fi; "
      "shift; exec \"$@\"' - '{1}' '{2}' {3}",
      variable("VOXLOOM_MPIRUN"), in_folder("killed"), variable("VOXLOOM_PROGRAM"),
      arguments("killed", "--no-pictures"));
  const ShellResult killed = run_shell(command);
  EXPECT_GE(results("killed"), 1U) << killed.text;
  const ShellResult resumed = voxloom(3, arguments("killed", "--no-pictures --resume"));
  EXPECT_EQ(resumed.exit_code, 1) << resumed.text;
  EXPECT_EQ(names(resumed.text).size(), 5U) << resumed.text;
  EXPECT_EQ(report("whole"), report("killed"));
  expect_same_results("whole", "killed");
}

// Its tiles go to the ranks, none of which holds it.
TEST_F(RankedSegmentation, OneSceneIsThatOfOneProcess) {
  simulate_town();
  const ShellResult alone = run(scene("one", ""));
  ASSERT_EQ(alone.exit_code, 0) << alone.text;
  nlohmann::json held = report("one");
  for (const int ranks : {2, 3}) {
    const std::string out = fmt::format("of{}", ranks);
    const ShellResult result = voxloom(ranks, scene(out, "--memory 0.116"));
    ASSERT_EQ(result.exit_code, 0) << result.text;
    nlohmann::json streamed = report(out);
    EXPECT_GT(streamed[0]["tiles"], 1);
    streamed[0]["tiles"] = held[0]["tiles"];
    EXPECT_EQ(streamed, held);
    expect_same_results("one", out);
    EXPECT_TRUE(temporaries(out).empty());
  }
  // What goes wrong is said once, by all.
  const ShellResult little = voxloom(2, scene("none", "--memory 0.0881"));
  EXPECT_EQ(little.exit_code, 1) << little.text;
  EXPECT_NE(little.text.find("too little"), std::string::npos) << little.text;
  EXPECT_EQ(results("none"), 0U);
}

// A rank whose files may not grow: while it sorts points, and rank 0 while it writes the result.
TEST_F(RankedSegmentation, ADiskThatIsFullEndsASceneOnAllRanks) {
  simulate_town();
  struct Case {
    const char *rank, *blocks, *file;  // blocks of 512 bytes
  };
  // Of 325,206 points a rank sorts 2.6 MB and keeps at most 3.9 of labels; the result has 10.
  for (const Case& one : {Case{"1", "64", "town.ply.tmp-"}, Case{"0", "8400", "town.ply'"}}) {
    const ShellResult full =
        voxloom_with(3, fmt::format("trap \"\" XFSZ; ulimit -f {}", one.blocks), one.rank,
                     scene("full", "--no-pictures --memory 0.116"));
    EXPECT_EQ(full.exit_code, 1) << full.text;
    const std::string words = fmt::format("cannot write '{}/{}", in_folder("full"), one.file);
    EXPECT_NE(full.text.find(words), std::string::npos) << full.text;
    EXPECT_NE(full.text.find("File too large"), std::string::npos) << full.text;
    EXPECT_EQ(results("full"), 0U);
    EXPECT_TRUE(temporaries("full").empty());
  }
}

// What a rank that was killed left behind, on this machine, is gone after the next call.
TEST_F(RankedSegmentation, AKilledSceneLeavesNothingForEver) {
  simulate_town();
  const std::string options = "--no-pictures --resume --memory 0.116";
  ASSERT_EQ(voxloom(2, scene("whole", options)).exit_code, 0);
  // As soon as its file of points is there.
  const ShellResult killed = voxloom_with(
      3,
      fmt::format("( while ! ls {}/*.tmp-$$-* >/dev/null 2>&1; do sleep 0.01; done; kill -9 $$ ) &",
                  in_folder("killed")),
      "1", scene("killed", options));
  EXPECT_NE(killed.exit_code, 0) << killed.text;
  EXPECT_EQ(results("killed"), 0U) << killed.text;
  // A launcher may end before its ranks do.
  for (const std::string& name : temporaries("killed")) {
    const int maker = std::stoi(name.substr(name.find(".tmp-") + 5));
    while (runs(maker)) ::usleep(10'000);
  }
  // Whether or not it was too late, and of a note and of what several scans share.
  const std::string dead = run_shell("echo $$").text;
  for (const char* name : {"town.ply", ".voxloom/town.json", "index.html", "another.ply"}) {
    std::ofstream(in_folder(fmt::format("killed/{}.tmp-{}-0", name, std::stoi(dead)))) << "half";
  }
  const ShellResult again = voxloom(2, scene("killed", options));
  ASSERT_EQ(again.exit_code, 0) << again.text;
  // That of another scan, which another part may label.
  const std::string others = fmt::format("another.ply.tmp-{}-0", std::stoi(dead));
  EXPECT_EQ(temporaries("killed"), std::vector<std::string>{others});
  fs::remove(in_folder("killed/" + others));
  expect_same_results("whole", "killed");
}

TEST_F(RankedSegmentation, ASceneWantsAFileOfEachRank) {
  simulate_town();
  // 64 and two for each of three.
  const ShellResult some =
      voxloom_with(3, "ulimit -Sn 66", "*", scene("some", "--no-pictures --memory 0.116"));
  EXPECT_EQ(some.exit_code, 0) << some.text;
  const ShellResult few =
      voxloom_with(3, "ulimit -n 66", "*", scene("few", "--no-pictures --memory 0.116"));
  EXPECT_EQ(few.exit_code, 1) << few.text;
  EXPECT_NE(few.text.find("want 70 open files, and the system allows a process 66"),
            std::string::npos)
      << few.text;
}

TEST_F(RankedSegmentation, RanksThatWereGivenOtherScansAreRefused) {
  const std::string command = fmt::format(
      "'{0}' -n 2 sh -c '\"{1}\" segment \"{2}/00000${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}.bin\" "
      "--no-pictures --model \"{3}\" --out \"{4}\"'",
      variable("VOXLOOM_MPIRUN"), variable("VOXLOOM_PROGRAM"), in_folder("scans"),
      in_folder("run/model.lattice"), in_folder("own"));
  const ShellResult refused = run_shell(command);
  EXPECT_EQ(refused.exit_code, 2) << refused.text;
  EXPECT_NE(refused.text.find("set VOXLOOM_RANKS=1"), std::string::npos) << refused.text;
  EXPECT_NE(refused.text.find(fmt::format("scan 1 is '{0}/000001.bin' for rank 1, and "
                                          "'{0}/000000.bin' for rank 0",
                                          in_folder("scans"))),
            std::string::npos)
      << refused.text;
  const ShellResult each = run_shell("VOXLOOM_RANKS=1 " + command);
  EXPECT_EQ(each.exit_code, 0) << each.text;
  EXPECT_EQ(results("own"), 2U);
}

TEST_F(RankedSegmentation, RanksThatWereGivenOtherOptionsAreRefused) {
  struct Case {
    std::string first, second, words;
  };
  for (const Case& one : {
           Case{"--votes 1", "--votes 2", "rank 1 was given --votes 2, and rank 0 --votes 1"},
           Case{"", "--sensor 0 0 2.5",
                "rank 1 was given --sensor [0.0,0.0,2.5], and rank 0 no --sensor"},
           Case{"--sensor 0 0 1", "--sensor 0 0 2.5",
                "rank 1 was given --sensor [0.0,0.0,2.5], and rank 0 --sensor [0.0,0.0,1.0]"},
           Case{"--thin 0.5", "", "rank 1 was given no --thin, and rank 0 --thin 0.5"},
           Case{"", "--crop-z 0 1", "rank 1 was given --crop-z [0.0,1.0], and rank 0 no --crop-z"},
           Case{"", "--from kitti", "rank 1 was given --from kitti, and rank 0 no --from"},
           Case{"", "--strict", "rank 1 was given --strict, and rank 0 no --strict"},
           Case{"", "--intensity-range 0 1", "rank 1 was given --intensity-range [0.0,1.0]"},
           Case{"--overwrite", "", "rank 1 was given no --overwrite, and rank 0 --overwrite"},
       }) {
    const ShellResult refused =
        launch(2, fmt::format("sh -c 'if [ \"${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}\" = 0 ]; then "
                              "exec \"$@\" {}; else exec \"$@\" {}; fi' - '{}' {}",
                              one.first, one.second, variable("VOXLOOM_PROGRAM"),
                              arguments("refused", "--no-pictures")));
    EXPECT_EQ(refused.exit_code, 2) << refused.text;
    EXPECT_NE(refused.text.find(one.words), std::string::npos) << refused.text;
    EXPECT_FALSE(fs::exists(in_folder("refused")));
  }
}

}  // namespace
}  // namespace voxloom::test
