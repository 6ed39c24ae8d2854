// Data sets as those who made them lay them out: a few points each, by hand.
#include <cstring>
#include <limits>

#include "dataset/folder_fixture.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

using Labels = std::vector<std::int32_t>;

class Layouts : public DatasetFolder {
 protected:
  template <typename T>
  void write_npy(const fs::path& name, const std::string& type, const std::string& shape,
                 const std::vector<T>& values) const {
    std::string header =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    header.resize(117, ' ');
    header += '\n';
    std::string start("\x93NUMPY\1\0", 8);
    start += static_cast<char>(header.size());
    start += '\0';
    write(name, values, start + header);
  }
};

constexpr const char* kYaml = R"(# This file is covered by a license
labels:
  0 : "unlabeled"
  10: "car"
  40: "road"
  252: "moving-car"
color_map: # bgr
  0 : [0, 0, 0]
  10: [245, 150, 100]
  40: [255, 0, 255]
content: # as a ratio with the total number of points
  0: 0.018889854628292943
learning_map:
  0 : 0     # "unlabeled"
  10: 1     # "car"
  40: 2
  252: 1    # "moving-car" mapped to "car" ------------------------mapped
learning_map_inv: # inverse of previous map
  0: 0
  1: 10     # "car"
  2: 40
learning_ignore: # Ignore classes
  0: True      # "unlabeled", and others ignored
  1: False     # "car"
  2: False
split: # sequence numbers
  train:
    - 0
    - 1
  valid:
    - 8
)";

TEST_F(Layouts, SemanticKitti) {
  for (const char* sequence : {"00", "08"}) {
    const fs::path path = fs::path("sequences") / sequence;
    write<float>(path / "velodyne/000000.bin", {1, 2, 3, 0.5F, 4, 5, 6, 0.25F, 7, 8, 9, 0});
    write<std::uint32_t>(path / "labels/000000.label", {252U | 3U << 16U, 0, 40});
  }
  write<float>("sequences/11/velodyne/000000.bin", {1, 2, 3, 0.5F});
  write_text("semantic-kitti.yaml", kYaml);
  std::vector<std::string> notes;
  const OnNote note = [&](const std::string& n) { notes.push_back(n); };
  const DatasetPtr all = open_dataset(folder_, {.on_note = note});
  EXPECT_EQ(all->size(), 2);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("11: has no folder labels: left out"), std::string::npos) << notes[0];
  EXPECT_EQ(all->get(0).labels, (Labels{0, kIgnoreLabel, 1}));
  ASSERT_EQ(all->classes().size(), 2);
  EXPECT_EQ(all->classes().classes[0], (LabelClass{"car", {100, 150, 245}, {10, 252}}));
  EXPECT_EQ(all->classes().classes[1], (LabelClass{"road", {255, 0, 255}, {40}}));
  EXPECT_EQ(all->classes().ignored, (Labels{0}));
  EXPECT_EQ(open_dataset(folder_, {.parts = {"08"}})->size(), 1);
  EXPECT_NE(error_of({.parts = {"11"}}).find("has no folder labels"), std::string::npos);
  EXPECT_NE(error_of({.parts = {"21"}}).find("scan '21'"), std::string::npos);
}

TEST_F(Layouts, PartsAreNamesPathsAndPatterns) {
  for (const char* sequence : {"00", "01", "10"}) {
    for (const char* scan : {"000000", "000001"}) {
      const fs::path path = fs::path("sequences") / sequence;
      write<float>(path / "velodyne" / (std::string(scan) + ".bin"), {1, 2, 3, 0.5F});
      write<std::uint32_t>(path / "labels" / (std::string(scan) + ".label"), {40});
    }
  }
  fs::create_directories(folder_ / "sequences/11/velodyne");
  const auto count = [&](const std::vector<std::string>& parts) {
    return open_dataset(folder_, {.parts = parts})->size();
  };
  EXPECT_EQ(count({"0?"}), 4);
  EXPECT_EQ(count({"[!0]*"}), 2) << "a sequence without labels that a pattern names is left out";
  EXPECT_EQ(count({"01", "01/000001"}), 2) << "what two parts name is taken once";
  EXPECT_EQ(count({"00/000001", "sequences/10/velodyne/000000.bin"}), 2);
  EXPECT_EQ(count({(folder_ / "sequences/10/velodyne/000000.bin").string()}), 1);
  EXPECT_EQ(count({"01", "./01/velodyne/000001.bin"}), 2) << "however its path is written";
  EXPECT_EQ(count({"*/velodyne/*1.bin"}), 3);
  EXPECT_EQ(open_dataset(folder_, {.parts = {"10", "00"}})->size(), 4);
  EXPECT_NE(error_of({.parts = {"0?", "2?", "3?"}}).find("scan '2?', and 1 more"),
            std::string::npos)
      << error_of({.parts = {"0?", "2?", "3?"}});

  // Labels lie beside the link, not beside where it leads.
  fs::create_directories(folder_ / "elsewhere");
  fs::rename(folder_ / "sequences/10/velodyne", folder_ / "elsewhere/velodyne");
  fs::create_directory_symlink(folder_ / "elsewhere/velodyne", folder_ / "sequences/10/velodyne");
  EXPECT_EQ(count({"10/000000"}), 1);

  write_text("list.txt", "# the first\n00/000000\n\n  10 \r\n");
  EXPECT_EQ(read_parts(folder_ / "list.txt"), (std::vector<std::string>{"00/000000", "10"}));
  write_text("list.txt", "# nothing\n");
  EXPECT_THROW(static_cast<void>(read_parts(folder_ / "list.txt")), FormatError);
}

TEST_F(Layouts, PartsOfFoldersOfScansAndScenes) {
  for (const char* scan : {"a", "b1", "b2", "deep/c"}) {
    write_text(std::string(scan) + ".csv", "x,y,z,label\n1,2,3,40\n");
  }
  for (const char* scene : {"train/scene0", "train/scene1"}) {
    write_npy<float>(fs::path(scene) / "coord.npy", "<f4", "1, 3", {1, 2, 3});
    write_npy<std::int16_t>(fs::path(scene) / "segment.npy", "<i2", "1,", {40});
  }
  const auto names = [&](const std::vector<std::string>& parts) {
    const DatasetPtr data = open_dataset(folder_, {.classes = street_classes(), .parts = parts});
    std::string all;
    for (std::int64_t i = 0; i < data->size(); ++i) all += data->name(i) + " ";
    return all;
  };
  EXPECT_EQ(names({"b?", "a.csv"}), "b1 b2 a ");
  EXPECT_EQ(names({"deep/c", "deep", "b2"}), "c b2 ");
  EXPECT_EQ(names({"train/scene1"}), "scene1 ");
  EXPECT_EQ(names({"train/*"}), "scene0 scene1 ");
  EXPECT_EQ(names({"train"}), "scene0 scene1 ");
  EXPECT_NE(error_of({.parts = {"train/scene1"}}).find("has no classes.json"), std::string::npos);

  write<float>("velodyne/x.bin", {1, 2, 3, 0.5F});
  write<float>("velodyne/y.bin", {1, 2, 3, 0.5F});
  for (const char* label : {"labels/x.label", "labels/y.label"}) write<std::uint32_t>(label, {40});
  EXPECT_EQ(names({"y"}), "y ");
  EXPECT_EQ(names({"velodyne/x.bin"}), "x ");
}

TEST_F(Layouts, SeveralFoldersAreOneDataSet) {
  for (const char* scan : {"one/a", "two/a", "two/b", "three/a"}) {
    write_text(std::string(scan) + ".csv", "x,y,z,label\n1,2,3,40\n");
  }
  const auto size = [&](const std::vector<fs::path>& folders,
                        const std::vector<std::string>& parts = {}) {
    return open_datasets(folders, {.parts = parts})->size();
  };
  EXPECT_EQ(size({folder_ / "one", folder_ / "two"}), 3);
  EXPECT_EQ(size({folder_ / "t*", folder_ / "two"}), 3) << "each folder once";
  EXPECT_EQ(size({folder_ / "one", folder_ / "two" / ".." / "one" / ""}), 1)
      << "however it is named";
  EXPECT_EQ(size({folder_ / "one", folder_ / "two"}, {"b"}), 1) << "a part is in one of them";
  const auto refusal = [&](const std::vector<fs::path>& folders,
                           const std::vector<std::string>& parts = {}) -> std::string {
    try {
      static_cast<void>(open_datasets(folders, {.parts = parts}));
    } catch (const std::exception& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(refusal({folder_ / "one", folder_ / "two"}, {"c"}).find("nor 1 more has a folder"),
            std::string::npos)
      << refusal({folder_ / "one", folder_ / "two"}, {"c"});
  EXPECT_NE(refusal({folder_ / "four*"}).find("four*: is not a folder"), std::string::npos);
  EXPECT_NE(refusal({}).find("there is no folder"), std::string::npos);
  write_text("three/classes.json", R"({"classes": [{"name": "wall", "values": [40]}]})");
  EXPECT_NE(refusal({folder_ / "one", folder_ / "three"}).find("has other classes than"),
            std::string::npos);
  write_text("two/c.csv", "x,y,z,label\n1,2,3,40\n");
  write_text("three/c.csv", "x,y,z,label\n1,2,3,40\n");
  EXPECT_NE(refusal({folder_ / "one", folder_ / "two", folder_ / "three"}, {"c"})
                .find("has other classes than " + (folder_ / "two").string()),
            std::string::npos)
      << "the first folder has none of the parts, and no classes";
}

TEST_F(Layouts, AFolderInsideOfAnotherGivesItsScansOnce) {
  for (const char* scan : {"site/a", "site/north/b", "site/north/c"}) {
    write_text(std::string(scan) + ".csv", "x,y,z,label\n1,2,3,40\n");
  }
  fs::create_directory_symlink(folder_ / "site/north", folder_ / "link");
  const fs::path site = folder_ / "site";
  std::vector<std::string> notes;
  const FolderOptions options = {.parts = {"north", "b"},
                                 .on_note = [&](const std::string& n) { notes.push_back(n); }};
  EXPECT_EQ(open_datasets({site, site / "north"}, options)->size(), 2);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("north: 1 of its scans are in a folder that was named before"),
            std::string::npos)
      << notes[0];
  EXPECT_EQ(open_datasets({folder_ / "link", site}, options)->size(), 2) << "by a link";
  // A link to a scan is one that was put there.
  fs::create_symlink(folder_ / "site/a.csv", folder_ / "site/again.csv");
  EXPECT_EQ(open_dataset(site)->size(), 2);
}

TEST_F(Layouts, KittiYamlThatIsNone) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "has no table learning_ignore"},
      {"learning_ignore:\n  1: False\n", "has no table learning_map_inv"},
      {"learning_ignore:\n  1: False\nlearning_map_inv:\n  2: 10\n", "learning_map_inv lacks 1"},
      {"learning_ignore:\n  1: False\nlearning_map_inv:\n  1: ten\n", "'ten' is no whole number"},
      {"learning_ignore:\n  1: False\nlearning_map_inv:\n  1: 10\nlabels:\n  10: \"car\"\n"
       "color_map:\n  10: [1, 2]\n",
       "is no colour"}};
  for (const auto& [text, reason] : cases) {
    write_text("a.yaml", text);
    try {
      static_cast<void>(read_classes(folder_ / "a.yaml"));
      ADD_FAILURE() << text;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  }
}

constexpr const char* kSamples = R"([
 {"token": "s0", "timestamp": 1, "filename": "samples/CAM/x.jpg", "extra": {"token": "no"}},
 {"token": "s1", "sample_token": "k1", "filename": "samples/LIDAR_TOP/b.pcd.bin", "prev": "", "is_key_frame": true}])";
constexpr const char* kCategories = R"([
 {"token": "c0", "name": "noise", "index": 0},
 {"token": "c1", "name": "vehicle.car", "index": 17}])";

TEST_F(Layouts, NuScenes) {
  write<float>("samples/LIDAR_TOP/b.pcd.bin", {1, 2, 3, 255, 0, 4, 5, 6, 51, 1});
  write<std::uint8_t>("lidarseg/v1.0-mini/s1_lidarseg.bin", {17, 0});
  write_text("v1.0-mini/lidarseg.json",
             R"([{"token": "l1", "sample_data_token": "s1",
                  "filename": "lidarseg/v1.0-mini/s1_lidarseg.bin"}])");
  write_text("v1.0-mini/sample_data.json", kSamples);
  write_text("v1.0-mini/category.json", kCategories);
  const DatasetPtr dataset = open_dataset(folder_);
  ASSERT_EQ(dataset->size(), 1);
  const LabelledScan scan = dataset->get(0);
  EXPECT_EQ(scan.labels, (Labels{0, kIgnoreLabel}));
  EXPECT_EQ(scan.intensity, (std::vector<float>{1, 0.2F}));
  EXPECT_EQ(dataset->classes().classes[0].name, "vehicle.car");
  EXPECT_EQ(dataset->classes().ignored, (Labels{0}));

  // The split goes by scenes.
  write_text("v1.0-mini/sample.json", R"([{"token": "k1", "scene_token": "z1"}])");
  write_text("v1.0-mini/scene.json",
             R"([{"token": "z1", "name": "scene-0061"}, {"token": "z2", "name": "scene-0103"}])");
  EXPECT_EQ(open_dataset(folder_, {.parts = {"scene-0061"}})->size(), 1);
  EXPECT_EQ(open_dataset(folder_, {.parts = {"samples/LIDAR_TOP/b.pcd.bin"}})->size(), 1);
  EXPECT_NE(error_of({.parts = {"scene-0103"}}).find("scan 'scene-0103'"), std::string::npos);

  write_text("v1.0-mini/lidarseg.json",
             R"([{"sample_data_token": "s1", "filename": "../secret.bin"}])");
  EXPECT_NE(error_of().find("is no file below"), std::string::npos) << error_of();
  write_text("v1.0-mini/lidarseg.json", R"([{"sample_data_token": "s7", "filename": "a.bin"}])");
  EXPECT_NE(error_of().find("names 0 of the 1 scans"), std::string::npos) << error_of();
  write_text("v1.0-mini/lidarseg.json", "[{");
  EXPECT_NE(error_of().find("is not a list of JSON objects"), std::string::npos) << error_of();
}

TEST_F(Layouts, ScenesOfArrays) {
  write_npy<float>("train/scene0/coord.npy", "<f4", "2, 3", {1, 2, 3, 4, 5, 6});
  write_npy<std::uint8_t>("train/scene0/color.npy", "|u1", "2, 3", {255, 0, 51, 0, 255, 102});
  write_npy<std::int16_t>("train/scene0/segment.npy", "<i2", "2, 1", {3, -1});
  write_npy<float>("train/scene0/origin.npy", "<f4", "3", {0, 0, 0});
  write_text("train/scene0/notes.txt", "not a scan");
  EXPECT_NE(error_of({.parts = {"train"}}).find("has no classes.json"), std::string::npos);
  write_text("classes.json", R"({"classes": [{"name": "wall", "values": [3]}], "ignored": [-1]})");
  for (const auto& [folder, parts] : {std::pair(folder_, std::vector<std::string>{"train"}),
                                      std::pair(folder_ / "train", std::vector<std::string>())}) {
    std::vector<std::string> notes;
    const DatasetPtr dataset =
        open_dataset(folder, {.parts = parts,
                              .input = {.features = {.features = {{PointValue::red},
                                                                  {PointValue::green},
                                                                  {PointValue::blue}}}},
                              .on_note = [&](const std::string& n) { notes.push_back(n); }});
    ASSERT_EQ(dataset->size(), 1);
    EXPECT_EQ(dataset->name(0), "scene0");
    const LabelledScan scan = dataset->get(0);
    EXPECT_EQ(scan.positions[1], (std::array<float, 3>{4, 5, 6}));
    EXPECT_EQ(scan.labels, (Labels{0, kIgnoreLabel}));
    EXPECT_EQ(scan.colours[0], (std::array<float, 3>{1, 0, 0.2F}));
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("origin.npy is no array of 2 rows: left out"), std::string::npos);
    static_cast<void>(dataset->get(0));
    EXPECT_EQ(notes.size(), 1U) << "said once";
  }
  // And by themselves.
  const Scan scan = read_scan(folder_ / "train/scene0");
  EXPECT_EQ(scan.find("green")->as_double(1), 255);
  EXPECT_EQ(scan.find("label")->as_double(1), -1);
}

TEST_F(Layouts, FilesWithAColumnOfLabels) {
  // As Toronto-3D and DALES: map coordinates, labels that are floats, and a class in LAS.
  write_text("classes.json", R"({"classes": [{"name": "ground", "values": [2]}], "ignored": [0]})");
  Scan scan;
  scan.positions = {
      {627285.5, 4841948.25, 100}, {627286.5, 4841949.25, 101}, {627287.5, 4841949.25, 101}};
  scan.set("scalar_Label", std::vector<float>{2, 0, std::numeric_limits<float>::quiet_NaN()});
  write_scan(folder_ / "L001.ply", scan);
  scan.attributes.clear();
  scan.set("classification", std::vector<std::uint8_t>{0, 2, 2});
  write_scan(folder_ / "tile.las", scan);
  const DatasetPtr dataset = open_dataset(folder_);
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->get(0).labels, (Labels{0, kIgnoreLabel, kIgnoreLabel}));
  EXPECT_EQ(dataset->get(1).labels, (Labels{kIgnoreLabel, 0, 0}));
  EXPECT_LT(dataset->get(0).positions[0][0], 10.0F);
}

TEST_F(Layouts, NotesAndErrorsNameTheFile) {
  write_text("a.csv", "x,y,z,intensity,label\n1,2,3,0.5,40\n4,5,6,nan,40\n");
  std::vector<std::string> notes;
  const FolderOptions options = {.on_note = [&](const std::string& n) { notes.push_back(n); }};
  EXPECT_EQ(open_dataset(folder_, options)->get(0).intensity[1], 0.0F);
  ASSERT_FALSE(notes.empty());
  EXPECT_NE(notes.back().find("a.csv: 1 values that the network reads are not finite"),
            std::string::npos)
      << notes.back();
  EXPECT_NE(error_of({.input = {.strict = true}}).find("a.csv: [scan_input] intensity of point 1"),
            std::string::npos);
  EXPECT_EQ(open_dataset(folder_)->recipe(), "");
  EXPECT_EQ(open_dataset(folder_, {.read = {.columns = {{"intensity", "i"}}, .drop = {"a"}},
                                   .input = {.intensity_range = Interval{0, 9}}})
                ->recipe(),
            "columns intensity=i drop a intensities 0 to 9");
}

}  // namespace
}  // namespace voxloom::test
