// What a call may write over, and what becomes of a scan's own columns and of its labels.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/shell.h"
#include "voxloom/dataset.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class Outputs : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    fs::create_directory(in_folder("scans"));
    std::ofstream csv(in_folder("scans/a.csv"));
    csv << "x,y,z,intensity,red,green,blue,label,confidence,stamp\n";
    for (int i = 0; i < 60; ++i) {
      csv << fmt::format("{},{},{},0.5,{},2,3,{},0.25,{}\n", i % 9, i % 7, i % 3, i,
                         40 + 8 * (i % 2), 9007199254740993 + i);
    }
  }
  [[nodiscard]] ShellResult segment(const std::string& arguments) const {
    const char* source = std::getenv("VOXLOOM_SOURCE_DIR");
    return run(fmt::format("segment --model '{}/models/street.lattice' --no-pictures {}",
                           source == nullptr ? "." : source, arguments));
  }
  void refuses(const ShellResult& result, const std::string& reason) const {
    EXPECT_EQ(result.exit_code, 1) << result.text;
    EXPECT_NE(result.text.find(reason), std::string::npos) << result.text;
  }
};

TEST_F(Outputs, NeverReplaceAnInput) {
  const std::string before = bytes_of("scans/a.csv");
  const std::string folder = in_folder("scans");
  for (const char* more : {"", " --overwrite"}) {
    refuses(segment(fmt::format("'{0}' --out '{0}' --format csv{1}", folder, more)),
            "is an input of this call");
    refuses(run(fmt::format("convert '{0}/a.csv' '{0}/../scans/a.csv'{1}", folder, more)),
            "is an input of this call");
    fs::create_hard_link(in_folder("scans/a.csv"), in_folder("linked.csv"));
    refuses(run(fmt::format("convert '{}/a.csv' '{}'{}", folder, in_folder("linked.csv"), more)),
            "is an input of this call");
    fs::remove(in_folder("linked.csv"));
  }
  EXPECT_EQ(bytes_of("scans/a.csv"), before);
  EXPECT_FALSE(fs::exists(in_folder("scans/classes.json")));
}

TEST_F(Outputs, ReplaceWhatTheProgramWroteAndNothingElse) {
  const std::string convert =
      fmt::format("convert '{}' '{}'", in_folder("scans/a.csv"), in_folder("b.ply"));
  ASSERT_EQ(run(convert).exit_code, 0);
  const ShellResult again = run(convert);
  if (again.exit_code != 0) GTEST_SKIP() << "the file system keeps no attributes: " << again.text;
  std::ofstream(in_folder("b.ply"), std::ios::app) << "edited";
  const std::string edited = bytes_of("b.ply");
  refuses(run(convert), "--overwrite replaces it");
  EXPECT_EQ(bytes_of("b.ply"), edited);
  EXPECT_EQ(run(convert + " --overwrite").exit_code, 0);
  EXPECT_NE(bytes_of("b.ply"), edited);

  std::ofstream(in_folder("foreign.html")) << "mine";
  refuses(run(fmt::format("view '{}' --out '{}'", in_folder("b.ply"), in_folder("foreign.html"))),
          "not of this program's making");
  refuses(run(fmt::format("voxelize '{}' '{}' --size 1", in_folder("b.ply"),
                          in_folder("foreign.html"))),
          "not of this program's making");
  fs::create_directory(in_folder("out"));
  std::ofstream(in_folder("out/classes.json")) << "{}";
  refuses(segment(fmt::format("'{}' --out '{}'", in_folder("scans"), in_folder("out"))),
          "not of this program's making");
  EXPECT_FALSE(fs::exists(in_folder("out/a.ply"))) << "refused before anything is done";
}

TEST_F(Outputs, KeepTheColumnsOfTheScan) {
  const ShellResult done =
      segment(fmt::format("'{}' --out '{}' --format npz", in_folder("scans"), in_folder("out")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  EXPECT_NE(done.text.find("the file's own label is kept as label_2"), std::string::npos)
      << done.text;
  const Scan before = read_scan(in_folder("scans/a.csv"));
  const Scan after = read_scan(in_folder("out/a.npz"));
  for (const Column& column : before.attributes) {
    const bool moved = column.name == "label" || column.name == "confidence";
    const Column* kept = after.find(moved ? column.name + "_2" : column.name);
    ASSERT_NE(kept, nullptr) << column.name;
    EXPECT_EQ(kept->values, column.values) << column.name;
  }
  ASSERT_NE(after.find("label"), nullptr);
  const ClassTable legend = read_classes(in_folder("out/classes.json"));
  EXPECT_EQ(legend.classes, street_classes().classes);
}

TEST_F(Outputs, GoToTheStandardOutputAlone) {
  const ShellResult done =
      segment(fmt::format("'{}' -o '{}' --json - 2>'{}' || echo failed", in_folder("scans"),
                          in_folder("out"), in_folder("said")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const auto report = nlohmann::json::parse(done.text, nullptr, false);
  ASSERT_FALSE(report.is_discarded()) << done.text;
  EXPECT_EQ(report[0]["points"], 60);
  EXPECT_NE(bytes_of("said").find("points/s"), std::string::npos) << "the table";
}

// Under its name in the file system, too, wherever it leads: nothing else goes there, and nothing is replaced.
TEST_F(Outputs, GoToTheStandardOutputByItsName) {
  const ShellResult pipe =
      segment(fmt::format("'{}' -o '{}' --json /dev/stdout 2>'{}' | cat", in_folder("scans"),
                          in_folder("out"), in_folder("said")));
  const auto report = nlohmann::json::parse(pipe.text, nullptr, false);
  EXPECT_FALSE(report.is_discarded()) << pipe.text << bytes_of("said");

  std::ofstream(in_folder("b.csv")) << "x,y,z\n1,2,3\n";
  std::ofstream(in_folder("all.csv")) << "before\n";
  for (int times = 0; times < 2; ++times) {
    const ShellResult file =
        run(fmt::format("convert '{}' /dev/stdout --to text >>'{}' 2>'{}' || echo failed",
                        in_folder("b.csv"), in_folder("all.csv"), in_folder("said")));
    EXPECT_EQ(file.text, "") << bytes_of("said");
  }
  EXPECT_EQ(bytes_of("all.csv"), "before\nx y z\n1 2 3\nx y z\n1 2 3\n");
  refuses(run(fmt::format("convert '{}' '{}'", in_folder("b.csv"), in_folder("all.csv"))),
          "not of this program's making");

  const ShellResult page =
      run(fmt::format("view '{}' --out /dev/stdout | tail -c 8", in_folder("b.csv")));
  EXPECT_NE(page.text.find("</html>"), std::string::npos) << page.text;
}

TEST_F(Outputs, AreNotFewerForALinkThatLeadsNowhere) {
  fs::create_symlink("nowhere.csv", in_folder("scans/b.csv"));
  const ShellResult done =
      segment(fmt::format("'{}' --out '{}'", in_folder("scans"), in_folder("out")));
  refuses(done, "b.csv: there is no such file");
  EXPECT_NE(done.text.find("1 of 2 scans failed"), std::string::npos) << done.text;
}

TEST_F(Outputs, AreNoneForPointsThatAreNowhere) {
  std::ofstream(in_folder("b.csv")) << "x,y,z\n1,2,nan\n";
  refuses(segment(fmt::format("'{}' --out '{}'", in_folder("b.csv"), in_folder("out"))),
          "holds no points that are finite");
}

TEST_F(Outputs, LabelsAloneAreOneForEachPointOfTheFile) {
  std::ofstream(in_folder("b.csv")) << "x,y,z\n1,2,3\nnan,0,0\n4,5,6\n";
  const ShellResult done =
      segment(fmt::format("'{}' --out '{}' --format label", in_folder("b.csv"), in_folder("out")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const std::string bytes = bytes_of("out/b.label");
  ASSERT_EQ(bytes.size(), 12U);
  EXPECT_EQ(bytes.substr(4, 4), std::string(4, '\0')) << "the first label that the table ignores";
  EXPECT_NE(bytes.substr(0, 4), std::string(4, '\0'));
}

TEST_F(Outputs, HaveTheScoresOfEachClassWhereTheyAreAskedFor) {
  const std::string to = fmt::format("'{}' --out '{}'", in_folder("scans/a.csv"), in_folder("out"));
  const ShellResult done = segment(to + " --scores");
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const Scan scan = read_scan(in_folder("out/a.ply"));
  const auto confidence = scan.find("confidence")->span<float>();
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    double sum = 0, most = 0;
    for (const LabelClass& one : street_classes().classes) {
      const Column* scores = scan.find("score_" + one.name);
      ASSERT_NE(scores, nullptr) << one.name;
      sum += scores->as_double(i);
      most = std::max(most, scores->as_double(i));
    }
    EXPECT_NEAR(sum, 1, 1e-5);
    EXPECT_NEAR(most, confidence[static_cast<std::size_t>(i)], 1e-6);
  }
  const ShellResult alone = segment(to + " --scores --format label");
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_NE(alone.text.find("no place for --scores"), std::string::npos) << alone.text;
  const ShellResult plain = segment(to + " --resume");
  ASSERT_EQ(plain.exit_code, 0) << plain.text;
  EXPECT_EQ(read_scan(in_folder("out/a.ply")).find("score_road"), nullptr)
      << "results with other options are no results of this call";
}

// As if the file had not had them.
TEST_F(Outputs, GiveNoClassToPointsOfTheVehicle) {
  const std::string all = in_folder("scans/a.csv");
  Scan scan = read_scan(all), rest = scan;
  const auto is_far = [](const std::array<double, 3>& p) { return std::hypot(p[0], p[1]) >= 3; };
  std::vector<std::array<double, 3>> positions;
  std::vector<float> intensity;
  for (const auto& p : scan.positions) {
    if (is_far(p)) positions.push_back(p);
  }
  rest.attributes.clear();
  rest.positions = positions;
  rest.set("intensity", std::vector<float>(positions.size(), 0.5F));
  write_scan(in_folder("rest.ply"), rest);
  ASSERT_EQ(
      segment(fmt::format("'{}' --out '{}'", in_folder("rest.ply"), in_folder("out"))).exit_code,
      0);
  const ShellResult done =
      segment(fmt::format("'{}' --out '{}' --ego-radius 3 --scores --json '{}'", all,
                          in_folder("out"), in_folder("report.json")));
  ASSERT_EQ(done.exit_code, 0) << done.text;
  const auto near = static_cast<std::size_t>(scan.size()) - positions.size();
  EXPECT_NE(
      done.text.find(fmt::format("{} points within 3 m of the sensor are not labelled", near)),
      std::string::npos)
      << done.text;
  EXPECT_EQ(done.text.find("the network cannot tell them"), std::string::npos) << done.text;
  const Scan labelled = read_scan(in_folder("out/a.ply")),
             expected = read_scan(in_folder("out/rest.ply"));
  const auto labels = labelled.find("label")->span<std::int32_t>();
  const auto others = expected.find("label")->span<std::int32_t>();
  std::size_t next = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (is_far(scan.positions[i])) {
      EXPECT_EQ(labels[i], others[next++]) << i;
    } else {
      EXPECT_EQ(labels[i], 0) << "the first label that the table ignores";
      EXPECT_EQ(labelled.find("confidence")->span<float>()[i], 0);
      EXPECT_EQ(labelled.find("score_road")->span<float>()[i], 0);
    }
  }
  const ShellResult none =
      segment(fmt::format("'{}' --out '{}' --ego-radius 1000", all, in_folder("none")));
  EXPECT_EQ(none.exit_code, 0) << none.text;
  for (const char* bad : {"nan", "-1"}) {
    const ShellResult refused =
        segment(fmt::format("'{}' --out '{}' --ego-radius {}", all, in_folder("none"), bad));
    EXPECT_EQ(refused.exit_code, 2) << refused.text;
    EXPECT_NE(refused.text.find("--ego-radius"), std::string::npos) << refused.text;
  }
}

TEST_F(Outputs, LeaveTheCompanionsOfAFoldersScansAlone) {
  std::ofstream(in_folder("scans/poses.txt")) << "1 0 0 0 0 1 0 0 0 0 1 0\n";
  std::ofstream(in_folder("scans/calib.txt")) << "P0: 1 2 3\n";
  const ShellResult done =
      segment(fmt::format("'{}' --out '{}'", in_folder("scans"), in_folder("out")));
  EXPECT_EQ(done.exit_code, 0) << done.text;
  EXPECT_NE(done.text.find("poses.txt: is no scan by its name"), std::string::npos) << done.text;
  EXPECT_FALSE(fs::exists(in_folder("out/poses.ply")));
  EXPECT_TRUE(fs::exists(in_folder("out/a.ply")));
}

// NAME.origin belongs to formats that need it, and to whoever wrote it.
TEST_F(Outputs, LeaveAnothersFileOfTheOriginsNameAlone) {
  std::ofstream(in_folder("b.csv")) << "x,y,z\n1,2,3\n";
  std::ofstream(in_folder("b.ply.origin")) << "mine\n";
  std::ofstream(in_folder("b.pcd.origin")) << "mine\n";
  const auto convert = [&](const std::string& to) {
    return run(fmt::format("convert '{}' '{}' --overwrite", in_folder("b.csv"), in_folder(to)));
  };
  EXPECT_EQ(run(fmt::format("convert '{}' '{}'", in_folder("b.csv"), in_folder("b.ply"))).exit_code,
            0)
      << "PLY needs none";
  refuses(run(fmt::format("convert '{}' '{}'", in_folder("b.csv"), in_folder("b.pcd"))),
          "not of this program's making");
  EXPECT_EQ(convert("b.pcd").exit_code, 0);
  EXPECT_EQ(bytes_of("b.pcd.origin"), "mine\n");
  // It did not become the program's own by that.
  refuses(run(fmt::format("convert '{}' '{}'", in_folder("b.csv"), in_folder("b.pcd"))),
          "not of this program's making");
  EXPECT_EQ(bytes_of("b.ply.origin"), "mine\n");
}

// The header of a PLY file tells its labels wherever the file goes.
TEST_F(Outputs, TellTheirClassesInTheHeader) {
  ASSERT_EQ(
      segment(fmt::format("'{}' --out '{}'", in_folder("scans/a.csv"), in_folder("out"))).exit_code,
      0);
  EXPECT_NE(bytes_of("out/a.ply").find("\ncomment class 40 128 64 128 road\n"), std::string::npos);
  fs::create_directory(in_folder("elsewhere"));
  ASSERT_EQ(
      run(fmt::format("convert '{}' '{}'", in_folder("out/a.ply"), in_folder("elsewhere/b.ply")))
          .exit_code,
      0);
  const auto view = [&](const std::string& file) {
    const ShellResult done =
        run(fmt::format("view '{}' --out '{}' --overwrite", in_folder(file), in_folder("b.html")));
    EXPECT_EQ(done.exit_code, 0) << done.text;
    return done.text + bytes_of("b.html");
  };
  const std::string page = view("elsewhere/b.ply");
  EXPECT_EQ(page.find("named by the classes of streets"), std::string::npos);
  EXPECT_NE(page.find("vegetation"), std::string::npos);
  std::ofstream(in_folder("c.ply"))
      << "ply\nformat ascii 1.0\ncomment class 3 1 2 3 an old sofa\ncomment no class -1\n"
         "comment class of 1984\nelement vertex 2\nproperty float x\nproperty float y\nproperty "
         "float z\n"
         "property int label\nend_header\n1 2 3 3\n4 5 6 -1\n";
  EXPECT_NE(view("c.ply").find("an old sofa"), std::string::npos);
}

// 40 is a road of streets; in this legend it is not.
TEST_F(Outputs, AreShownByTheLegendBesideThem) {
  const auto names = [&](const std::string& options) {
    const ShellResult done = run(fmt::format("view '{}' --out '{}' {}", in_folder("scans/a.csv"),
                                             in_folder("a.html"), options));
    EXPECT_EQ(done.exit_code, 0) << done.text;
    return done.text + bytes_of("a.html");
  };
  const std::string without = names("");
  EXPECT_NE(without.find("named by the classes of streets"), std::string::npos);
  EXPECT_NE(without.find("road"), std::string::npos);
  std::ofstream(in_folder("scans/classes.json"))
      << R"({"classes": [{"name": "sofa", "values": [40]}, {"name": "lamp", "values": [48]}]})";
  const std::string with = names("--overwrite");
  EXPECT_NE(with.find("sofa"), std::string::npos);
  EXPECT_EQ(with.find("sidewalk"), std::string::npos);
  EXPECT_EQ(with.find("named by the classes of streets"), std::string::npos);
}

}  // namespace
}  // namespace voxloom::test
