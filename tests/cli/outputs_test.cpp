// What a call may write over, and what becomes of a scan's own columns and of its labels.
#include <fmt/core.h>
#include <gtest/gtest.h>

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
