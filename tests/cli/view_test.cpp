// voxloom view as its user meets it; tests/viz reads the page's points and tests/page uses the page.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/shell.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

class ViewCommand : public ShellTest {
 protected:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(in_folder(name)) << text;
  }
  [[nodiscard]] ShellResult view(const std::string& arguments) const {
    return run("view " + arguments, "cd '" + in_folder(".") + "' &&");
  }
  // What the page says of its points.
  [[nodiscard]] nlohmann::json head(const std::string& name) const {
    std::ifstream file(in_folder(name));
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    const std::string mark = "id=\"head\">";
    const std::size_t start = page.find(mark) + mark.size();
    return nlohmann::json::parse(page.substr(start, page.find("</script>", start) - start));
  }
  [[nodiscard]] std::vector<std::string> names(const std::string& page,
                                               const std::string& list) const {
    std::vector<std::string> found;
    const nlohmann::json said = head(page);
    for (const auto& one : said[list]) found.push_back(one["name"]);
    return found;
  }
};

using Names = std::vector<std::string>;

TEST_F(ViewCommand, ShowsClassesValuesAndColours) {
  write("a.csv",
        "x,y,z,ring,intensity,label,red,green,blue\n1,2,3,4,0.5,40,1,2,3\n2,2,3,5,0.7,10,1,2,3\n");
  ASSERT_EQ(view("a.csv --out a.html").exit_code, 0);
  const auto page = head("a.html");
  EXPECT_EQ(page["title"], "a.csv");
  EXPECT_EQ(page["points"], 2);
  EXPECT_EQ(names("a.html", "classes").front(), "road") << "40 and 10 are street classes";
  EXPECT_EQ(names("a.html", "values").front(), "intensity");
}

TEST_F(ViewCommand, SaysWhatItLeavesOutAndCannotUse) {
  write("n.csv", "x,y,z,intensity\n1,2,3,0.5\n1,nan,3,0.5\n");
  const ShellResult shown = view("n.csv --out n.html");
  EXPECT_NE(shown.text.find("n.csv: 1 points that are not finite are left out"), std::string::npos)
      << shown.text;
  EXPECT_NE(run("convert n.csv n.ply --invalid drop", "cd '" + in_folder(".") + "' &&")
                .text.find("n.csv: 1 points that are not finite are left out"),
            std::string::npos);
  const ShellResult refused = view("n.csv --out m.html --classes nowhere.json");
  EXPECT_EQ(refused.exit_code, 1) << refused.text;
  EXPECT_NE(refused.text.find("there are no labels"), std::string::npos) << refused.text;
}

TEST_F(ViewCommand, ShowsAFilesOwnAttributesFirst) {
  std::string names_line = "x,y,z,return_number,user_data,scan_angle,point_source_id,gps_time",
              row = "1,2,3";
  for (int i = 0; i < 5; ++i) row += ",1";
  for (int i = 0; i < 7; ++i) {
    names_line += ",own_" + std::to_string(i);
    row += ",0.5";
  }
  write("a.csv", names_line + "\n" + row + "\n");
  const ShellResult shown = view("a.csv --out a.html");
  ASSERT_EQ(shown.exit_code, 0) << shown.text;
  EXPECT_EQ(names("a.html", "values"), (Names{"own_0", "own_1", "own_2", "own_3", "own_4", "own_5",
                                              "own_6", "return_number"}));
  EXPECT_NE(shown.text.find("not shown: user_data, scan_angle, point_source_id, gps_time"),
            std::string::npos)
      << shown.text;
  ASSERT_EQ(view("a.csv --out b.html --attributes gps_time,own_3").exit_code, 0);
  EXPECT_EQ(names("b.html", "values"), (Names{"gps_time", "own_3"}));
  EXPECT_EQ(view("a.csv --out c.html --attributes height").exit_code, 1);
}

TEST_F(ViewCommand, ClassesOfSurveysHaveTheSameColoursInEveryFile) {
  write("a.csv", "x,y,z,classification\n1,2,3,2\n2,2,3,6\n");
  write("b.csv", "x,y,z,classification\n1,2,3,6\n2,2,3,77\n");
  ASSERT_EQ(view("a.csv --out a.html").exit_code, 0);
  ASSERT_EQ(view("b.csv --out b.html").exit_code, 0);
  EXPECT_EQ(names("a.html", "classes"), (Names{"ground", "building"}));
  EXPECT_EQ(names("b.html", "classes"), (Names{"building", "class 77"}));
  EXPECT_EQ(head("a.html")["classes"][1]["color"], head("b.html")["classes"][0]["color"]);
  EXPECT_EQ(head("a.html")["classes"][0]["color"], (nlohmann::json{170, 140, 100}));
}

TEST_F(ViewCommand, NamesClassesByATableOrANumber) {
  write("a.csv", "x,y,z,label\n1,2,3,4000\n2,2,3,7\n");
  write("table.json", R"({"classes": [{"name": "mast", "values": [4000]}], "ignored": [7]})");
  ASSERT_EQ(view("a.csv --out a.html").exit_code, 0);
  EXPECT_EQ(names("a.html", "classes"), (Names{"class 7", "class 4000"}));
  ASSERT_EQ(view("a.csv --out b.html --classes table.json --title T").exit_code, 0);
  EXPECT_EQ(names("b.html", "classes"), Names{"mast"});
  EXPECT_EQ(head("b.html")["title"], "T");
  write("few.json", R"({"classes": [{"name": "mast", "values": [4000]}]})");
  const ShellResult missing = view("a.csv --out c.html --classes few.json");
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.text.find("the label 7"), std::string::npos) << missing.text;
  EXPECT_FALSE(std::filesystem::exists(in_folder("c.html")));
}

// Maps have coordinates of hundreds of kilometres, which float32 would round to centimetres.
TEST_F(ViewCommand, ShowsLasFilesWhereTheyAre) {
  Scan scan;
  scan.positions = {{512345.67, 5404321.01, 250.25}, {512345.68, 5404321.01, 250.25}};
  scan.set("classification", std::vector<std::uint8_t>{2, 6});
  write_scan(in_folder("a.las"), scan,
             {.quantization = Quantization{.offset = {512000, 5404000, 0}}});
  ASSERT_EQ(view("a.las --out a.html").exit_code, 0);
  const auto classes = names("a.html", "classes");
  EXPECT_EQ(classes, (Names{"ground", "building"}));
  EXPECT_NEAR(head("a.html")["corner"][0].get<double>(), 512345.67, 0.0006);
}

TEST_F(ViewCommand, RefusesWithOneLineAndWritesNothing) {
  write("a.csv", "x,y,z\n1,2,3\n");
  write("half.csv", "x,y,z,label\n1,2,3,0.5\n");
  for (const char* arguments :
       {"missing.ply --out p.html", "a.csv --out p.html --labels heat",
        "half.csv --out p.html --labels label", "a.csv --out no/such/p.html"}) {
    const ShellResult result = view(arguments);
    EXPECT_EQ(result.exit_code, 1) << result.text;
    EXPECT_EQ(result.text.rfind("voxloom: ", 0), 0U) << result.text;
    EXPECT_EQ(result.text.find('\n'), result.text.size() - 1) << result.text;
  }
  for (const char* name : {"p.png", "p.pdf", "p.ply"}) {
    const ShellResult result = view(fmt::format("a.csv --out {}", name));
    EXPECT_EQ(result.exit_code, 2) << result.text;
    EXPECT_NE(result.text.find("view writes a page: call it p.html"), std::string::npos)
        << result.text;
  }
  EXPECT_EQ(view("a.csv").exit_code, 2);
  EXPECT_EQ(view("a.csv --out p.html --max-points 0").exit_code, 2);
  EXPECT_EQ(file_count(), 2U);
}

}  // namespace
}  // namespace voxloom::test
