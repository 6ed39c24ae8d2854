// voxloom convert and voxelize as their user meets them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/shell.h"
#include "voxloom/io.h"
#include "voxloom/safetensors.h"

namespace voxloom::test {
namespace {

class ConvertCommand : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    if (IsSkipped()) return;
    std::ofstream(in_folder("a.csv"))
        << "x,y,z,intensity,label\n0.1,0.2,0.3,5,1\n0.11,0.2,0.3,7,2\n"
           "2,2,2,9,3\n";
  }

  // The arguments are seen from inside of the folder.
  [[nodiscard]] ShellResult run(const std::string& arguments) const {
    return ShellTest::run(arguments, "cd '" + in_folder(".") + "' &&");
  }
};

TEST_F(ConvertCommand, GoesThroughTheFormats) {
  for (const char* pair : {"a.csv a.ply", "a.ply a.pcd", "a.pcd a.npy", "a.npy a.npz",
                           "a.npz a.las", "a.las b.ply --encoding ascii"}) {
    const ShellResult result = run(std::string("convert ") + pair);
    EXPECT_EQ(result.exit_code, 0) << result.text;
    EXPECT_NE(result.text.find("3 points, "), std::string::npos) << result.text;
  }
  const Scan scan = read_scan(in_folder("b.ply"));
  EXPECT_EQ(scan.size(), 3);
  EXPECT_NEAR(scan.positions[1][0], 0.11, 1e-9);
  ASSERT_NE(scan.find("classification"), nullptr);
  EXPECT_EQ(scan.find("classification")->as_double(2), 3);
}

TEST_F(ConvertCommand, TakesEndingsForNamesOfFormats) {
  const std::string csv = "x,y,z,intensity,label\n0.1,0.2,0.3,5,1\n0.11,0.2,0.3,7,2\n2,2,2,9,3\n";
  std::string tsv = csv, blanks = csv;
  std::ranges::replace(tsv, ',', '\t');
  std::ranges::replace(blanks, ',', ' ');
  EXPECT_EQ(run("convert a.csv - --to csv 2>/dev/null | cat").text, csv);
  EXPECT_EQ(run("convert a.csv - --to tsv 2>/dev/null | cat").text, tsv);
  for (const char* name : {"xyz", "txt", "text"}) {
    EXPECT_EQ(run(fmt::format("convert a.csv - --to {} 2>/dev/null | cat", name)).text, blanks)
        << name;
  }
  EXPECT_EQ(run("convert a.csv b.tsv").exit_code, 0);
  EXPECT_EQ(bytes_of("b.tsv"), tsv);
  EXPECT_EQ(run("convert b.tsv - --from tsv --to csv 2>/dev/null | cat").text, csv);
  EXPECT_EQ(run("convert a.csv - --to laz").exit_code, 2);
}

TEST_F(ConvertCommand, KeepsColumnsOfText) {
  const std::string csv =
      "x,y,z,kind,n\n0,0,0,oak,1\n0,0,1,\"fir, old\",2\n5,0,0,,3\n5,5,5,Straße,4\n";
  std::ofstream(in_folder("w.csv")) << csv;
  for (const char* pair : {"w.csv w.npz", "w.npz w.tsv", "w.tsv w.xyz", "w.xyz v.csv"}) {
    const ShellResult result = run(std::string("convert ") + pair);
    EXPECT_EQ(result.exit_code, 0) << result.text;
  }
  EXPECT_EQ(bytes_of("v.csv"),
            "x,y,z,kind,n\n0,0,0,oak,1\n0,0,1,\"fir, old\",2\n5,0,0,\"\",3\n"
            "5,5,5,Straße,4\n");
  EXPECT_EQ(run("convert w.csv c.csv --crop -1 -1 1 1 --thin 0.5").exit_code, 0);
  EXPECT_EQ(bytes_of("c.csv"), "x,y,z,kind,n\n0,0,0,oak,1\n0,0,1,\"fir, old\",2\n");
  std::ofstream(in_folder("more.csv")) << "x,y,z,kind\n9,9,9,elm\n8,8,8,oak\n";
  EXPECT_EQ(run("convert c.csv more.csv --merge m.csv").text,
            "voxloom: m.csv: more.csv has no n (0): that is what its 2 points get\n"
            "m.csv: 4 points, kind, n\n");
  EXPECT_EQ(bytes_of("m.csv"),
            "x,y,z,kind,n\n0,0,0,oak,1\n0,0,1,\"fir, old\",2\n"
            "9,9,9,elm,0\n8,8,8,oak,0\n");
  EXPECT_EQ(run("convert m.csv part.csv --split-by kind").text,
            "part_elm.csv: 1 points, kind, n\npart_fir__old.csv: 1 points, kind, n\n"
            "part_oak.csv: 2 points, kind, n\n");
  EXPECT_EQ(bytes_of("part_oak.csv"), "x,y,z,kind,n\n0,0,0,oak,1\n8,8,8,oak,0\n");
  EXPECT_EQ(run("convert w.csv w.ply").text,
            "voxloom: w.ply: ply has no place for 'kind': left out\nw.ply: 4 points, kind, n\n");
  EXPECT_NE(run("info w.csv").text.find("'oak', 'fir, old', '', 'Straße'"), std::string::npos)
      << run("info w.csv").text;
  EXPECT_NE(run("voxelize w.csv v.safetensors --size 1 --features kind")
                .text.find("the attribute 'kind' holds text, not numbers"),
            std::string::npos);
}

TEST_F(ConvertCommand, SaysThatTheSensorsPlaceIsNotKept) {
  std::ofstream(in_folder("v.pcd"))
      << "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 1\nHEIGHT 1\nVIEWPOINT 1 2 3 1 0 0 0\n"
         "POINTS 1\nDATA ascii\n4 5 6\n";
  EXPECT_EQ(run("convert v.pcd v.ply").text,
            "voxloom: v.ply: the place of the sensor, 1 2 3, is not kept: ply has none for it\n"
            "v.ply: 1 points\n");
  EXPECT_EQ(run("convert v.pcd w.pcd").text, "w.pcd: 1 points\n");
}

TEST_F(ConvertCommand, RefusesWithOneLineAndWritesNothing) {
  std::ofstream(in_folder("bad.bin")) << "seventeen letters";
  const ShellResult bad = run("convert bad.bin out.ply");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.text,
            "voxloom: [read_scan] bad.bin: byte 16: 1 bytes are left over: a KITTI file is a "
            "multiple of 16 bytes long; name the layout, as in --fields x,y,z,intensity,time "
            "(float32; or x:float64)\n");
  EXPECT_FALSE(std::filesystem::exists(in_folder("out.ply")));
  EXPECT_EQ(run("convert a.csv out.doc").exit_code, 1);
  EXPECT_EQ(run("convert a.csv").exit_code, 2);
  EXPECT_EQ(run("convert a.csv a.ply --to tape").exit_code, 2);
  for (const char* option : {"o.bin --double", "o.ply --classification label",
                             "o.las --encoding ascii", "o.npz --encoding big-endian"}) {
    const ShellResult useless = run(std::string("convert a.csv ") + option);
    EXPECT_EQ(useless.exit_code, 2) << useless.text;
    EXPECT_NE(useless.text.find(" does nothing for "), std::string::npos) << useless.text;
  }
}

TEST_F(ConvertCommand, SaysWhatFeaturesDoNotHold) {
  std::ofstream(in_folder("t.csv")) << "x,y,z,intensity,t,u\n0,0,0,nan,1700000000.25,1e300\n"
                                       "2,2,2,0.5,1700000000.5,0.5\n";
  EXPECT_EQ(
      run("voxelize t.csv v.safetensors --size 1 --features intensity,t").text,
      "voxloom: t.csv: 1 values of intensity are not finite, and so are the features of their "
      "voxels\n"
      "voxloom: t.csv: float32 keeps t to 2e+02, of a range of 0.25\n"
      "v.safetensors: 2 points, 2 voxels\n");
  const ShellResult refused = run("voxelize t.csv w.safetensors --size 1 --features u");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.text.find("u of point 0 is 1e+300: float32 does not hold it"),
            std::string::npos)
      << refused.text;
  EXPECT_FALSE(std::filesystem::exists(in_folder("w.safetensors")));
}

TEST_F(ConvertCommand, Voxelizes) {
  const ShellResult result =
      run("voxelize a.csv v.safetensors --size 0.5 --features label,intensity");
  EXPECT_EQ(result.text, "v.safetensors: 3 points, 2 voxels\n");
  const Safetensors arrays = read_safetensors(in_folder("v.safetensors"));
  EXPECT_EQ(arrays.at("coords").shape(), (Shape{2, 4}));
  EXPECT_EQ(arrays.at("features").shape(), (Shape{2, 2}));
  EXPECT_EQ(arrays.at("features").data<float>()[1], 6);
  EXPECT_EQ(arrays.at("row_of_point").shape(), (Shape{3}));
  EXPECT_EQ(run("voxelize a.csv v.safetensors --size -1").exit_code, 2);
  EXPECT_EQ(run("voxelize a.csv v.safetensors --size 1 --features nothing").exit_code, 1);
}

}  // namespace
}  // namespace voxloom::test
