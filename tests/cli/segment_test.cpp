// voxloom segment as its user meets it: a folder of scans with a broken one in it.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/page_head.h"
#include "cli/shell.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class SegmentCommand : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    simulate_and_train(2);
  }

  [[nodiscard]] ShellResult segment(const std::string& arguments) const {
    return run(fmt::format("segment {} --model '{}' --out '{}'", arguments,
                           in_folder("run/model.lattice"), in_folder("out")));
  }
};

TEST_F(SegmentCommand, LabelsEveryPointOfEveryScan) {
  const ShellResult done =
      segment(fmt::format("'{}' --json '{}'", in_folder("scans"), in_folder("report.json")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  std::ifstream file(in_folder("report.json"));
  const auto report = nlohmann::json::parse(file);
  ASSERT_EQ(report.size(), 2U);
  for (const auto& one : report) {
    const std::string name = one["scan"];
    const Scan before = read_scan(in_folder("scans/" + name + ".bin"));
    const Scan after = read_scan(in_folder("out/" + name + ".ply"));
    EXPECT_EQ(after.positions, before.positions);
    EXPECT_EQ(one["points"], before.size());
    std::int64_t counted = 0;
    for (const auto& [label, count] : one["classes"].items()) {
      counted += count.get<std::int64_t>();
    }
    EXPECT_EQ(counted, before.size());
    for (const char* column : {"intensity", "label", "confidence", "red", "green", "blue"}) {
      EXPECT_NE(after.find(column), nullptr) << column;
    }
    for (const float confidence : after.find("confidence")->span<float>()) {
      ASSERT_TRUE(confidence > 0.0F && confidence <= 1.0F);
    }
    EXPECT_TRUE(fs::exists(in_folder("out/" + name + "_above.png")));
    EXPECT_TRUE(fs::exists(in_folder("out/" + name + "_perspective.png")));
    EXPECT_TRUE(fs::exists(in_folder("out/" + name + ".html")));
    EXPECT_GT(one["voxels"], 100);
    EXPECT_LT(one["voxels"], before.size());
  }
}

// In the file's coordinates, with the labels that the file had where they are the model's.
TEST_F(SegmentCommand, ItsPageHasTheFilesPlacesAndLabels) {
  Scan scan = read_scan(in_folder("scans/000000.bin"));
  scan.position_type = ColumnType::f64;
  for (auto& p : scan.positions) {
    p[0] += 500000;
    p[1] += 5400000;
  }
  std::vector<std::int32_t> labels(scan.positions.size(), 40);
  scan.set("label", labels);
  write_scan(in_folder("far.ply"), scan);
  labels[7] = 31999;  // of another data set
  scan.set("label", labels);
  write_scan(in_folder("other.ply"), scan);
  const ShellResult done =
      segment(fmt::format("'{}' '{}'", in_folder("far.ply"), in_folder("other.ply")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const nlohmann::json far = page_head(in_folder("out/far.html")),
                       other = page_head(in_folder("out/other.html"));
  EXPECT_EQ(far["labellings"], (nlohmann::json{"class", "the file's label"}));
  EXPECT_EQ(other["labellings"], nlohmann::json::array({"class"}));
  EXPECT_EQ(far["units"], (nlohmann::json{"m", "m"}));
  const Box box = bounds(read_scan(in_folder("far.ply")));
  for (std::size_t axis = 0; axis < 3; ++axis) {
    EXPECT_NEAR(far["corner"][axis].get<double>(), box.low.at(axis), 0.001) << axis;
  }
}

TEST_F(SegmentCommand, ABrokenScanDoesNotStopTheOthers) {
  std::ofstream(in_folder("scans/000000a.bin")) << "not a whole point";
  const ShellResult done = segment(fmt::format("'{}' --no-pictures", in_folder("scans")));
  EXPECT_EQ(done.exit_code, 1) << done.text;
  EXPECT_NE(done.text.find("000000a.bin"), std::string::npos);
  EXPECT_NE(done.text.find("1 of 3 scans failed"), std::string::npos) << done.text;
  EXPECT_TRUE(fs::exists(in_folder("out/000000.ply")));
  EXPECT_TRUE(fs::exists(in_folder("out/000001.ply")));
  EXPECT_FALSE(fs::exists(in_folder("out/000000a.ply")));
  EXPECT_FALSE(fs::exists(in_folder("out/000000_above.png")));
  EXPECT_FALSE(fs::exists(in_folder("out/000000.html")));
  EXPECT_FALSE(fs::exists(in_folder("out/index.html")));
}

// A file is named once, and the system's errors are told in the program's words.
TEST_F(SegmentCommand, ErrorsNameAFileOnce) {
  const ShellResult none = segment(fmt::format("'{}' --no-pictures", in_folder("none.ply")));
  EXPECT_EQ(none.exit_code, 1);
  const std::string error =
      fmt::format("voxloom: [read_scan] {}: there is no such file\n", in_folder("none.ply"));
  EXPECT_NE(none.text.find(error), std::string::npos) << none.text;
  std::ofstream(in_folder("out.txt")) << "mine";
  const ShellResult file =
      run(fmt::format("segment '{}' --model '{}' --out '{}'", in_folder("scans"),
                      in_folder("run/model.lattice"), in_folder("out.txt")));
  EXPECT_EQ(file.exit_code, 1);
  EXPECT_EQ(file.text, fmt::format("voxloom: cannot create directories '{}': Not a directory\n",
                                   in_folder("out.txt")));
}

TEST_F(SegmentCommand, ScenesHaveTheWholeNamesOfTheirFolders) {
  Scan bare;
  bare.positions = read_scan(in_folder("scans/000000.bin")).positions;
  for (const char* scene : {"hall.1", "hall.2"}) {
    fs::create_directory(in_folder(scene));
    write_scan(in_folder(fmt::format("{}/coord.npy", scene)), bare);
  }
  const ShellResult done =
      segment(fmt::format("'{}/' '{}/' --no-pictures", in_folder("hall.1"), in_folder("hall.2")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  EXPECT_TRUE(fs::exists(in_folder("out/hall.1.ply")));
  EXPECT_TRUE(fs::exists(in_folder("out/hall.2.ply")));
}

TEST_F(SegmentCommand, NoResultTakesAnothersPlace) {
  const std::string scan = in_folder("scans/000000.bin");
  for (const char* result : {"out/000000.ply", "out/classes.json", "out/../out/000000.html"}) {
    const ShellResult refused = segment(fmt::format("'{}' --json '{}'", scan, in_folder(result)));
    EXPECT_EQ(refused.exit_code, 1) << refused.text;
    EXPECT_NE(refused.text.find("is a result of this call"), std::string::npos) << refused.text;
  }
  fs::copy_file(scan, in_folder("scans/index.bin"));
  const ShellResult refused = segment(fmt::format("'{}'", in_folder("scans")));
  EXPECT_EQ(refused.exit_code, 2) << refused.text;
  EXPECT_NE(refused.text.find("index.html"), std::string::npos) << refused.text;
  EXPECT_EQ(segment(fmt::format("'{}'", in_folder("scans/index.bin"))).exit_code, 0);
}

TEST_F(SegmentCommand, NamesNeedNotBeUtf8) {
  const std::string odd = in_folder("caf\xe9.bin");
  fs::copy_file(in_folder("scans/000000.bin"), odd);
  const ShellResult done =
      segment(fmt::format("'{}' --no-pictures --json '{}'", odd, in_folder("report.json")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  std::ifstream file(in_folder("report.json"));
  EXPECT_EQ(nlohmann::json::parse(file)[0]["scan"], "caf\xef\xbf\xbd");
}

// Without what the clock says.
nlohmann::json report_in(const std::string& path) {
  std::ifstream file(path);
  nlohmann::json report = nlohmann::json::parse(file);
  for (auto& one : report) one.erase("seconds");
  return report;
}

TEST_F(SegmentCommand, JobsAtOnceGiveWhatOneAfterTheOtherGives) {
  std::ofstream(in_folder("scans/000000a.bin")) << "not a whole point";
  fs::copy(in_folder("scans/000000.bin"), in_folder("scans/000002.bin"));
  const auto run_with = [&](int jobs) {
    const std::string name = std::to_string(jobs);
    const ShellResult done =
        run(fmt::format("segment '{}' --model '{}' --out '{}' --json '{}' --jobs {} --no-pictures",
                        in_folder("scans"), in_folder("run/model.lattice"), in_folder("out" + name),
                        in_folder(name + ".json"), jobs));
    EXPECT_EQ(done.exit_code, 1) << done.text;
    EXPECT_NE(done.text.find("1 of 4 scans failed"), std::string::npos) << done.text;
    return report_in(in_folder(name + ".json"));
  };
  const nlohmann::json one = run_with(1);
  ASSERT_EQ(one.size(), 4U);
  EXPECT_TRUE(one[1].contains("error"));
  EXPECT_EQ(run_with(3), one);
  for (const char* name : {"000000", "000001", "000002"}) {
    const std::string of_one = bytes_of(fmt::format("out1/{}.ply", name));
    EXPECT_FALSE(of_one.empty());
    EXPECT_EQ(bytes_of(fmt::format("out3/{}.ply", name)), of_one) << name;
  }
}

// The bundled model on a cloud of four streets.
TEST_F(SegmentCommand, LittleMemoryMeansTilesAndTheSameLabels) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  ASSERT_EQ(run(fmt::format("simulate --map '{}' --scans 4 --sensor vlp16 --seed 1",
                            in_folder("town.ply")))
                .exit_code,
            0);
  const auto run_with = [&](const std::string& name, const std::string& memory) {
    const ShellResult done = run(fmt::format(
        "segment '{}' --model '{}/models/street.lattice' --out '{}' --json '{}' "
        "--no-pictures {}",
        in_folder("town.ply"), source, in_folder(name), in_folder(name + ".json"), memory));
    EXPECT_EQ(done.exit_code, 0) << done.text;
    return report_in(in_folder(name + ".json"))[0];
  };
  nlohmann::json whole = run_with("whole", ""), cut = run_with("cut", "--memory 0.11");
  EXPECT_EQ(whole["tiles"], 1);
  EXPECT_GT(cut["tiles"], 2);
  EXPECT_GT(whole["points"], 50000);
  EXPECT_EQ(cut["classes"], whole["classes"]);
  EXPECT_EQ(bytes_of("cut/town.ply"), bytes_of("whole/town.ply"));

  const ShellResult little =
      run(fmt::format("segment '{}' --model '{}/models/street.lattice' --out '{}' --memory 0.09",
                      in_folder("town.ply"), source, in_folder("none")));
  EXPECT_EQ(little.exit_code, 1) << little.text;
  EXPECT_NE(little.text.find("GB are too little: a tile"), std::string::npos) << little.text;
}

// Points take more than half of the memory: they are streamed, with the bytes of the scan that is held.
TEST_F(SegmentCommand, AStreamedSceneIsTheSceneThatIsHeld) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  ASSERT_EQ(run(fmt::format("simulate --map '{}' --scans 16 --sensor vlp16 --seed 2",
                            in_folder("town.ply")))
                .exit_code,
            0);
  Scan town = read_scan(in_folder("town.ply"));
  // Columns of names that labels get, strays of all kinds, and more than one piece's worth of each.
  std::vector<std::int64_t> stamps;
  std::vector<std::uint16_t> red;
  std::vector<std::string> kinds;
  for (std::int64_t i = 0; i < town.size(); ++i) {
    kinds.push_back(i % 3 == 0 ? "a, b" : fmt::format("kind {}", i / 7000));
    stamps.push_back((i % 9 == 8 ? std::int64_t{1} << 55 : 0) + i);
    red.push_back(static_cast<std::uint16_t>(i % 65536));
    if (i % 1013 == 7) town.positions[static_cast<std::size_t>(i)][1] = std::nan("");
  }
  town.set("label", std::vector<std::int32_t>(red.begin(), red.end()));
  town.set("stamp", stamps);
  town.set(text_column("kind", kinds));
  for (const char* name : {"red", "green", "blue"}) town.set(name, red);
  write_scan(in_folder("odd.npz"), town);
  const auto run_with = [&](const std::string& input, const std::string& name,
                            const std::string& options) {
    const ShellResult done = run(
        fmt::format("segment '{}' --model '{}/models/street.lattice' --out '{}' --json '{}' {}",
                    in_folder(input), source, in_folder(name), in_folder(name + ".json"), options));
    EXPECT_EQ(done.exit_code, 0) << done.text;
    nlohmann::json report = report_in(in_folder(name + ".json"))[0];
    report.erase("seconds");
    return report;
  };
  const auto in = [&](const std::string& name) { return bytes_of(name); };
  const std::string no_place = " has no place for 'kind': left out";
  for (const std::string format : {"ply", "las", "pcd", "csv", "npz", "label"}) {
    for (const std::string input : {"town.ply", "odd.npz"}) {
      if (format != "ply" && input == "town.ply") continue;
      const std::string more = format == "ply" ? "" : "--no-pictures";
      nlohmann::json held = run_with(input, "held_" + format,
                                     fmt::format("--format {} {} --overwrite", format, more));
      nlohmann::json streamed =
          run_with(input, "streamed_" + format,
                   fmt::format("--format {} {} --overwrite --memory 0.116", format, more));
      EXPECT_EQ(held["tiles"], 1);
      EXPECT_GT(streamed["tiles"], 1) << format;
      for (nlohmann::json* one : {&held, &streamed}) one->erase("tiles");
      EXPECT_EQ(streamed, held) << format;
      const bool holds_text = format == "csv" || format == "npz" || format == "label";
      EXPECT_EQ(held.dump().find(format + no_place) != std::string::npos,
                input == "odd.npz" && !holds_text)
          << held;
      const std::string stem = input.substr(0, input.find('.'));
      for (const auto& entry : fs::directory_iterator(in_folder("held_" + format))) {
        if (!entry.is_regular_file() || entry.path().extension() == ".html") continue;
        const std::string file = entry.path().filename().string();
        EXPECT_TRUE(in("streamed_" + format + "/" + file) == in("held_" + format + "/" + file))
            << file;
      }
      // Nothing is left of the points that lay there meanwhile.
      for (const auto& entry : fs::directory_iterator(in_folder("streamed_" + format))) {
        EXPECT_EQ(entry.path().filename().string().find(".tmp-"), std::string::npos);
      }
    }
  }
}

TEST_F(SegmentCommand, KeepsColumnsOfText) {
  Scan scan = read_scan(in_folder("scans/000000.bin"));
  std::vector<std::string> kinds;
  for (std::int64_t i = 0; i < scan.size(); ++i) kinds.push_back(i % 2 == 0 ? "oak" : "a \"b\", c");
  scan.set(text_column("kind", kinds));
  scan.set(text_column("label", kinds));
  write_scan(in_folder("words.csv"), scan);
  const ShellResult done = segment(fmt::format("'{}' --format csv", in_folder("words.csv")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const Scan after = read_scan(in_folder("out/words.csv"));
  EXPECT_EQ(*after.find("kind"), text_column("kind", kinds));
  EXPECT_EQ(*after.find("label_2"), text_column("label_2", kinds));
  EXPECT_FALSE(after.find("label")->is_text());
  // What the network reads must be numbers.
  const ShellResult refused =
      segment(fmt::format("'{}' --column intensity=kind --format npz", in_folder("words.csv")));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.text.find("the network reads intensity, and the scan's holds text"),
            std::string::npos)
      << refused.text;
}

// What has to be held, and cannot be, is said before it is read, with what wants it.
TEST_F(SegmentCommand, SaysWhyASceneIsNotStreamed) {
  const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  ASSERT_EQ(run(fmt::format("simulate --map '{}' --scans 30 --sensor vlp16 --seed 2",
                            in_folder("town.ply")))
                .exit_code,
            0);
  const auto run_with = [&](const std::string& file, const std::string& options) {
    return run(
        fmt::format("segment '{}' --model '{}/models/street.lattice' --out '{}' "
                    "--no-pictures {}",
                    in_folder(file), source, in_folder("out"), options));
  };
  for (const char* option : {"--votes 2", "--scores", "--ego-radius 1", "--shift 0 0 1"}) {
    const ShellResult refused = run_with("town.ply", fmt::format("--memory 0.116 {}", option));
    EXPECT_EQ(refused.exit_code, 1) << refused.text;
    const std::string name(option, std::strcspn(option, " "));
    EXPECT_NE(refused.text.find("points have to be held for "), std::string::npos) << refused.text;
    EXPECT_NE(refused.text.find(name), std::string::npos) << refused.text;
    EXPECT_NE(refused.text.find("raise --memory"), std::string::npos) << refused.text;
  }
  // Unpacked it would take 24 MB, of the 6 that are the half of what --memory leaves beside the program.
  std::ofstream(in_folder("packed.pcd"), std::ios::binary)
      << "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 2000000\nHEIGHT 1\n"
         "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2000000\nDATA binary_compressed\n"
      << std::string("\x00\x00\x10\x00\x00\x36\x6e\x01", 8) << std::string(1 << 20, '\0');
  const ShellResult packed = run_with("packed.pcd", "--memory 0.1");
  EXPECT_EQ(packed.exit_code, 1) << packed.text;
  EXPECT_NE(packed.text.find("packed bytes cannot unpack to"), std::string::npos) << packed.text;
}

// Once, before anything is done, not with each scan.
TEST_F(SegmentCommand, RefusesNamesThatTheEnvironmentGetsWrong) {
  for (const char* setting : {"VOXLOOM_ISA=z80", "VOXLOOM_ALGORITHM=guess"}) {
    const ShellResult done =
        run(fmt::format("segment '{}' --model '{}' --out '{}'", in_folder("scans"),
                        in_folder("run/model.lattice"), in_folder("out")),
            setting);
    EXPECT_EQ(done.exit_code, 1);
    EXPECT_EQ(std::ranges::count(done.text, '\n'), 1) << done.text;
    EXPECT_EQ(done.text.find("graph.mlir"), std::string::npos) << done.text;
    EXPECT_FALSE(fs::exists(in_folder("out")));
  }
}

TEST_F(SegmentCommand, RefusesBadUsage) {
  fs::create_directory(in_folder("empty"));
  EXPECT_EQ(segment(fmt::format("'{}'", in_folder("empty"))).exit_code, 2);
  const std::string scan = in_folder("scans/000000.bin");
  const ShellResult twice = segment(fmt::format("'{}' '{}'", scan, scan));
  EXPECT_EQ(twice.exit_code, 2) << twice.text;
  EXPECT_EQ(run(fmt::format("segment '{}'", scan)).exit_code, 2);
  EXPECT_EQ(segment(fmt::format("'{}' --memory 0", scan)).exit_code, 2);
  EXPECT_EQ(segment(fmt::format("'{}' --jobs 0", scan)).exit_code, 2);
  EXPECT_EQ(run(fmt::format("segment '{}' --out '{}' --model /nonexistent.lattice", scan,
                            in_folder("out")))
                .exit_code,
            1);
}

// More rows than a buffer holds, so that printing fails between two scans.
TEST_F(SegmentCommand, AFullOrClosedOutputIsAnErrorAndNoCrash) {
  fs::create_directory(in_folder("many"));
  Scan scan;
  scan.position_type = ColumnType::f32;
  for (int i = 0; i < 12; ++i) scan.positions.push_back({i * 0.5, static_cast<double>(i % 3), 0});
  for (int i = 0; i < 90; ++i) write_scan(in_folder(fmt::format("many/{:03}.ply", i)), scan);
  for (const char* output : {">/dev/full", ">&-"}) {
    for (const int jobs : {1, 2}) {
      const ShellResult result = run(fmt::format(
          "segment '{}' --no-pictures --jobs {} --model '{}' --out '{}' {} 2>'{}'; echo code $?",
          in_folder("many"), jobs, in_folder("run/model.lattice"), in_folder("out"), output,
          in_folder("errors")));
      EXPECT_EQ(result.text, "code 1\n") << output;
    }
  }
}

}  // namespace
}  // namespace voxloom::test
