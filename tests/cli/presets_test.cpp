// Data sets that many know, as tiny trees like those that are handed out: looked at by their name, and trained on.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/shell.h"
#include "support/npy.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class Presets : public ShellTest {
 protected:
  [[nodiscard]] fs::path root() const { return in_folder("data"); }
  template <typename T>
  void write(const fs::path& name, const std::vector<T>& values) const {
    fs::create_directories((root() / name).parent_path());
    std::ofstream file(root() / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(T)));
  }
  void write_text(const fs::path& name, const std::string& text) const {
    fs::create_directories((root() / name).parent_path());
    std::ofstream(root() / name) << text;
  }
  void write_room(const fs::path& name, const std::string& segment,
                  const std::vector<std::int64_t>& labels) const {
    const std::string rows = fmt::format("{}", labels.size());
    std::vector<float> coord, normal;
    std::vector<std::uint8_t> color;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      for (const double value : {0.1 * static_cast<double>(i), 1.0, 0.5}) {
        coord.push_back(static_cast<float>(value));
      }
      for (const float value : {0.0F, 0.0F, 1.0F}) normal.push_back(value);
      for (const int value : {200, 100, 50}) color.push_back(static_cast<std::uint8_t>(value));
    }
    write_npy(root() / name / "coord.npy", "<f4", rows + ", 3", coord);
    write_npy(root() / name / "normal.npy", "<f4", rows + ", 3", normal);
    write_npy(root() / name / "color.npy", "|u1", rows + ", 3", color);
    write_npy(root() / name / (segment + ".npy"), "<i8", rows + ",", labels);
  }

  // A tree that is whole: says of the classes that they have so many points in all.
  void expect_good(const std::string& name, const std::vector<std::string>& rows) const {
    const ShellResult seen = run(fmt::format("data check {} --data '{}' --out '{}'", name,
                                             root().string(), in_folder("look")));
    EXPECT_EQ(seen.exit_code, 0) << seen.text;
    std::string text;  // with single blanks
    for (const char c : seen.text) {
      if (c != ' ' || text.empty() || text.back() != ' ') text += c;
    }
    for (const std::string& row : rows) EXPECT_NE(text.find(row), std::string::npos) << row << text;
    EXPECT_TRUE(fs::exists(in_folder("look/data_above.png")));
    const ShellResult trained = run(fmt::format("train {} --data '{}' --out '{}' --steps 1", name,
                                                root().string(), in_folder("run")));
    EXPECT_EQ(trained.exit_code, 0) << trained.text;
    EXPECT_TRUE(fs::exists(in_folder("run/model.lattice/features.json")));
  }
};

TEST_F(Presets, SemanticKitti) {
  for (int sequence = 0; sequence <= 10; ++sequence) {
    const fs::path folder = fs::path("sequences") / fmt::format("{:02}", sequence);
    write<float>(folder / "velodyne/000000.bin", {1, 2, 3, 0.5F, 4, 5, 6, 0.25F, 7, 8, 9, 0});
    write<std::uint32_t>(folder / "labels/000000.label", {252U | 3U << 16U, 0, 60});
  }
  expect_good("semantickitti", {"data: 10 scans", "validation: 1 scans", "car 10 33.333%",
                                "road 10 33.333%", "no class 10 33.333%"});
}

TEST_F(Presets, NuScenes) {
  write<float>("samples/LIDAR_TOP/b.pcd.bin", {1, 2, 3, 51, 4, 5, 6, 7, 255, 8});
  write<std::uint8_t>("lidarseg/v1.0-mini/s1_lidarseg.bin", {17, 4});
  write_text(
      "v1.0-mini/sample_data.json",
      R"([{"token": "s1", "sample_token": "k1", "filename": "samples/LIDAR_TOP/b.pcd.bin"}])");
  write_text(
      "v1.0-mini/lidarseg.json",
      R"([{"token": "t", "sample_data_token": "s1", "filename": "lidarseg/v1.0-mini/s1_lidarseg.bin"}])");
  write_text("v1.0-mini/category.json", R"([{"token": "c", "name": "vehicle.car", "index": 17}])");
  expect_good("nuscenes", {"data: 1 scans", "car 1 50.000%", "pedestrian 1 50.000%"});

  // With the makers' lists of scenes beside the data.
  write_text("v1.0-mini/sample.json", R"([{"token": "k1", "scene_token": "z1"}])");
  write_text("v1.0-mini/scene.json", R"([{"token": "z1", "name": "scene-0061"}])");
  write_text("train.txt", "scene-0061\n");
  const ShellResult alone = run(fmt::format("data check nuscenes --data '{}'", root().string()));
  EXPECT_NE(alone.text.find("val.txt is not there: no scan validates"), std::string::npos)
      << alone.text;
  write_text("val.txt", "scene-0061\n");
  const ShellResult seen = run(fmt::format("data check nuscenes --data '{}'", root().string()));
  EXPECT_EQ(seen.exit_code, 0) << seen.text;
  EXPECT_NE(seen.text.find("validation: 1 scans"), std::string::npos) << seen.text;
  write_text("val.txt", "scene-0062\n");
  const ShellResult missing = run(fmt::format("data check nuscenes --data '{}'", root().string()));
  EXPECT_NE(missing.text.find("scan 'scene-0062'"), std::string::npos) << missing.text;
}

TEST_F(Presets, ScanNet) {
  write_room("train/scene0000_00", "segment20", {0, 4, -1, 4});
  write_npy(root() / "train/scene0000_00/segment200.npy", "<i8", "4,",
            std::vector<std::int64_t>{0, 150, 3, 4});
  write_room("val/scene0001_00", "segment20", {19, 1});
  expect_good("scannet", {"data: 1 scans", "wall 1 25.000%", "chair 2 50.000%",
                          "no class 1 25.000%", "other furniture 1 50.000%", "red 0.7843"});
}

TEST_F(Presets, S3dis) {
  for (const int area : {1, 2, 3, 4, 5, 6}) {
    write_room(fmt::format("Area_{}/office_1", area), "segment", {0, 8, 12});
  }
  expect_good("s3dis",
              {"data: 5 scans", "validation: 1 scans", "ceiling 5", "chair 5", "clutter 5"});
}

TEST_F(Presets, Toronto3d) {
  for (const char* tile : {"L001", "L002", "L003", "L004"}) {
    write_text(fmt::format("{}.ply", tile),
               "ply\nformat ascii 1.0\nelement vertex 3\nproperty double x\nproperty double y\n"
               "property double z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n"
               "property float scalar_Intensity\nproperty float scalar_GPSTime\n"
               "property float scalar_ScanAngleRank\nproperty float scalar_Label\nend_header\n"
               "627285.5 4841948.5 40 10 20 30 120 1 0 7\n627286.5 4841948.5 41 10 20 30 20 1 0 0\n"
               "627286.5 4841949.5 41 10 20 30 255 1 0 1\n");
  }
  expect_good("toronto3d", {"data: 3 scans", "validation: 1 scans", "car 3 33.333%",
                            "road 3 33.333%", "no class 3 33.333%"});
}

TEST_F(Presets, Dales) {
  Scan tile;
  tile.positions = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {9, 9, 9}};
  tile.set("classification", std::vector<std::uint8_t>{1, 8, 0, 5});
  for (const char* part : {"train", "test"}) {
    fs::create_directories(root() / part);
    write_scan(root() / part / "5080_54400.las", tile);
  }
  expect_good("dales", {"data: 1 scans", "ground 1 25.000%", "power line 1 25.000%", "building 1"});
}

TEST_F(Presets, SayWhatIsWrong) {
  const ShellResult nowhere = run("data check dales");
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_NE(nowhere.text.find("--data names the folder"), std::string::npos) << nowhere.text;
  write_text("a.csv", "x,y,z,label\n1,2,3,40\n");
  write_text("b.csv", "x,y,z,label\n1,2,3,12345\n");
  std::ofstream(in_folder("c.json"))
      << fmt::format(R"({{"data": {{"folder": "{}"}}, "features": ["height"]}})", root().string());
  const ShellResult broken = run(fmt::format("data check '{}'", in_folder("c.json")));
  EXPECT_EQ(broken.exit_code, 1) << broken.text;
  EXPECT_NE(broken.text.find("the label 12345 of point 0"), std::string::npos) << broken.text;
  EXPECT_NE(broken.text.find("1 of 2 scans cannot be used"), std::string::npos) << broken.text;
  EXPECT_NE(broken.text.find("no point of sidewalk"), std::string::npos) << broken.text;
}

}  // namespace
}  // namespace voxloom::test
