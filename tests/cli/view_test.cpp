// voxloom view as its user meets it; tests/viz reads the page's points and tests/page uses the page.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/page_head.h"
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
  [[nodiscard]] nlohmann::json head(const std::string& name) const {
    return page_head(in_folder(name));
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

// By attributes, files of labels and other clouds.
TEST_F(ViewCommand, ComparesLabelsWithTruth) {
  write("a.csv", "x,y,z,label,truth\n1,2,3,40,40\n2,2,3,10,40\n3,2,3,10,10\n");
  const ShellResult shown = view("a.csv --out a.html");
  ASSERT_EQ(shown.exit_code, 0) << shown.text;
  EXPECT_EQ(head("a.html")["labellings"], (nlohmann::json{"label", "truth"}));
  EXPECT_EQ(names("a.html", "classes").front(), "road");
  EXPECT_EQ(names("a.html", "values"), Names{});

  write("b.csv", "x,y,z,label\n1,2,3,40\nnan,2,3,10\n3,2,3,10\n");
  const std::vector<std::uint32_t> numbers = {
      40, 10, 0x70000 + 40};  // the upper half is an object's number
  std::ofstream(in_folder("b.label"), std::ios::binary)
      .write(reinterpret_cast<const char*>(numbers.data()), 12);
  const ShellResult by_file = view("b.csv --truth b.label --out b.html");
  ASSERT_EQ(by_file.exit_code, 0) << by_file.text;
  EXPECT_NE(by_file.text.find("1 points that are not finite are left out"), std::string::npos);
  EXPECT_EQ(head("b.html")["labellings"], (nlohmann::json{"label", "b.label"}));
  EXPECT_EQ(head("b.html")["points"], 2);
  EXPECT_EQ(names("b.html", "classes").size(), 12U) << "40 is a label that is known";

  ASSERT_EQ(view("a.csv --truth b.csv --out c.html").exit_code, 1) << "b's points are others";
  write("d.csv", "x,y,z,classification\n1,2,3,7\n2,2,3,40\n3,2,3,10\n");
  ASSERT_EQ(view("a.csv --truth d.csv --out d.html").exit_code, 0);
  EXPECT_EQ(names("d.html", "classes").back(), "label 7");
}

TEST_F(ViewCommand, ComparesOnlyWhatCanBe) {
  write("a.csv", "x,y,z,label,label_2\n1,2,3,40,4\n2,2,3,10,5\n");
  const ShellResult shown = view("a.csv --out a.html");
  ASSERT_EQ(shown.exit_code, 0) << shown.text;
  EXPECT_NE(shown.text.find("label_2 has other labels than label; --truth label_2 compares"),
            std::string::npos)
      << shown.text;
  EXPECT_EQ(head("a.html")["labellings"], nlohmann::json::array({"class"}));
  EXPECT_EQ(names("a.html", "values"), Names{"label_2"});
  write("moved.csv", "x,y,z,label\n1,2,3,40\n2,2.5,3,10\n");
  write("two.csv", "x,y,z,label\n1,2,3,40\n");
  write("bare.csv", "x,y,z\n1,2,3\n2,2,3\n");
  const auto refused = [&](const std::string& arguments, const std::string& message) {
    const ShellResult result = view(arguments + " --out p.html");
    EXPECT_EQ(result.exit_code, 1) << result.text;
    EXPECT_NE(result.text.find(message), std::string::npos) << result.text;
  };
  refused("a.csv --truth moved.csv", "point 1 of 'moved.csv' is 0.5 from that of the cloud");
  refused("a.csv --truth two.csv", "'two.csv' has 1 points, the cloud 2");
  refused("a.csv --truth bare.csv", "'bare.csv' has no label or classification");
  refused("a.csv --truth heat", "'heat' is no attribute of the cloud with one number, and no file");
  refused("bare.csv --truth a.csv", "there are no labels that --truth could tell of");
}

// A coordinate system as well known text, in a record of a LAS file.
TEST_F(ViewCommand, TellsTheUnitsOfAFilesSystem) {
  const auto units = [&](const std::string& system) {
    Scan scan;
    scan.positions = {{1, 2, 3}, {4, 5, 6}};
    std::vector<std::byte> record(54 + system.size() + 1);
    const std::string user = "LASF_Projection";
    std::memcpy(record.data() + 2, user.data(), user.size());
    const auto id = std::uint16_t{2112}, size = static_cast<std::uint16_t>(system.size() + 1);
    std::memcpy(record.data() + 18, &id, 2);
    std::memcpy(record.data() + 20, &size, 2);
    std::memcpy(record.data() + 54, system.data(), system.size());
    scan.las.emplace().encoding = 16;
    scan.las->vlrs.push_back(record);
    write_scan(in_folder("u.las"), scan);
    EXPECT_EQ(view("u.las --out u.html --overwrite").exit_code, 0);
    return head("u.html")["units"];
  };
  using Units = nlohmann::json;
  EXPECT_EQ(units(R"(PROJCS["a",GEOGCS["g",UNIT["degree",0.017]],UNIT["metre",1]])"),
            (Units{"m", "m"}));
  EXPECT_EQ(units(R"(PROJCS["a",GEOGCS["g",UNIT["degree",0.017]],UNIT["US survey foot",0.3]])"),
            (Units{"US ft", "US ft"}));
  EXPECT_EQ(units(R"(COMPD_CS["c",PROJCS["a",UNIT["foot",0.3]],VERT_CS["v",UNIT["metre",1]]])"),
            (Units{"ft", "m"}));
  EXPECT_EQ(units(R"(GEOGCS["g",UNIT["degree",0.017]])"), (Units{"°", ""}));
  EXPECT_EQ(units(R"(LOCAL_CS["site",UNIT["smoot",1.7]])"), (Units{"smoot", "smoot"}));
  write("a.csv", "x,y,z\n1,2,3\n");
  ASSERT_EQ(view("a.csv --out a.html").exit_code, 0);
  EXPECT_EQ(head("a.html")["units"], (Units{"", ""}));
  ASSERT_EQ(view("a.csv --out a.html --unit km").exit_code, 0);
  EXPECT_EQ(head("a.html")["units"], (Units{"km", "km"}));
  EXPECT_EQ(view("a.csv --out b.html --unit 'seventeen letters'").exit_code, 2);
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
