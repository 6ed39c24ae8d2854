// Tables of classes, and folders of labelled scans.
#include <limits>
#include <set>

#include "dataset/folder_fixture.h"
#include "voxloom/io.h"

namespace voxloom::test {
namespace {

class FolderDataset : public DatasetFolder {
 protected:
  // Two points, the labels as given.
  void write_pair(const fs::path& scan, const fs::path& label,
                  const std::vector<std::uint32_t>& labels) const {
    write<float>(scan, {1, 2, 3, 0.5F, 4, 5, 6, 0.25F});
    write(label, labels);
  }
};

TEST(StreetClasses, AreTwelveWithNamesColorsAndNumbersOfTheirOwn) {
  const ClassTable& table = street_classes();
  ASSERT_EQ(table.size(), kStreetClasses);
  std::set<std::string> names;
  std::set<std::array<std::uint8_t, 3>> colors;
  std::set<std::int32_t> values(table.ignored.begin(), table.ignored.end());
  std::size_t count = table.ignored.size();
  for (const LabelClass& one : table.classes) {
    names.insert(one.name);
    colors.insert(one.color);
    values.insert(one.values.begin(), one.values.end());
    count += one.values.size();
  }
  EXPECT_EQ(names.size(), 12U);
  EXPECT_EQ(colors.size(), 12U);
  EXPECT_EQ(values.size(), count);
  EXPECT_EQ(table.classes[static_cast<std::size_t>(StreetClass::cyclist)].name, "cyclist");
}

TEST_F(FolderDataset, ReadsKittiPairsInBothLayouts) {
  write_pair("b.bin", "b.label", {40, 10U | 7U << 16});  // the upper half numbers objects
  write_pair("a.bin", "a.label", {0, 252});
  const DatasetPtr flat = open_dataset(folder_);
  ASSERT_EQ(flat->size(), 2);
  EXPECT_EQ(flat->name(0), "a");
  EXPECT_EQ(flat->get(0).labels, (std::vector<std::int32_t>{kIgnoreLabel, 8}));
  const LabelledScan scan = flat->get(1);
  EXPECT_EQ(scan.labels, (std::vector<std::int32_t>{0, 8}));
  EXPECT_EQ(scan.positions[1], (std::array<float, 3>{4, 5, 6}));
  EXPECT_EQ(scan.intensity, (std::vector<float>{0.5F, 0.25F}));
  EXPECT_THROW(static_cast<void>(flat->get(2)), std::invalid_argument);

  write_pair("velodyne/x.bin", "labels/x.label", {72, 72});
  const DatasetPtr nested = open_dataset(folder_);
  ASSERT_EQ(nested->size(), 1);
  EXPECT_EQ(nested->get(0).labels, (std::vector<std::int32_t>{2, 2}));
}

TEST_F(FolderDataset, ReadsPlyWithItsOwnClasses) {
  write_classes(folder_ / "classes.json",
                {.classes = {{"wood", {1, 2, 3}, {5}}, {"stone", {}, {6, 7}}}, .ignored = {9}});
  Scan scan;
  scan.positions = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  scan.set("label", std::vector<std::uint8_t>{7, 9, 5});
  scan.set("intensity", std::vector<std::uint8_t>{255, 0, 51});
  write_scan(folder_ / "s.ply", scan);
  const DatasetPtr dataset = open_dataset(folder_);
  EXPECT_EQ(dataset->classes().classes[1].values, (std::vector<std::int32_t>{6, 7}));
  EXPECT_EQ(dataset->get(0).labels, (std::vector<std::int32_t>{1, kIgnoreLabel, 0}));
  EXPECT_NEAR(dataset->get(0).intensity[2], 0.2F, 1e-6F);
}

TEST_F(FolderDataset, TablesSurviveTheirFile) {
  write_classes(folder_ / "classes.json", street_classes());
  EXPECT_EQ(read_classes(folder_ / "classes.json"), street_classes());
  write_text("short.json", R"({"classes": [{"name": "a"}, {"name": "b"}]})");
  const ClassTable table = read_classes(folder_ / "short.json");
  EXPECT_EQ(table.classes[1].values, (std::vector<std::int32_t>{1}));
}

TEST_F(FolderDataset, AMissingTableIsNotTakenForAScan) {
  try {
    static_cast<void>(read_classes(folder_ / "absent.json"));
    ADD_FAILURE() << "read";
  } catch (const FormatError& error) {
    EXPECT_NE(std::string(error.what()).find("[open_dataset] "), std::string::npos) << error.what();
  }
}

TEST_F(FolderDataset, RefusesTablesThatMeanNothing) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[", "is not JSON"},
      {"{}", "has no list \"classes\""},
      {R"({"classes": []})", "there is no class"},
      {R"({"classes": [{}]})", "class 0 has no \"name\""},
      {R"({"classes": [{"name": "a"}, {"name": "a"}]})", "two classes 'a'"},
      {R"({"classes": [{"name": "a", "values": [-1]}]})", "not -1"},
      {R"({"classes": [{"name": "a", "values": [1, 1]}]})", "the label 1 stands twice"},
      {R"({"classes": [{"name": "a", "color": [1, 2]}]})", "not three numbers"},
      {R"({"classes": [{"name": "a", "color": [1, 2, 256]}]})", "not three numbers"},
      {R"({"classes": [{"name": "a"}], "ignored": 3})", "\"ignored\" is not a list"}};
  for (const auto& [text, reason] : cases) {
    write_text("classes.json", text);
    try {
      static_cast<void>(read_classes(folder_ / "classes.json"));
      ADD_FAILURE() << text;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  }
}

TEST_F(FolderDataset, RefusesWhatDoesNotFit) {
  EXPECT_NE(error_of().find("holds no labelled scan"), std::string::npos);
  write<float>("a.bin", {1, 2, 3, 0.5F, 4, 5, 6, 0.25F});
  EXPECT_NE(error_of().find("are not there"), std::string::npos);
  write<std::uint32_t>("a.label", {40});
  EXPECT_NE(error_of().find("4 bytes are not one uint32 for each of the 2 points"),
            std::string::npos);
  write<std::uint32_t>("a.label", {40, 41});
  EXPECT_NE(error_of().find("the label 41 of point 1 is neither a class nor ignored"),
            std::string::npos)
      << error_of();
  write<std::uint32_t>("a.label", {40, 40});
  write<float>("a.bin", {1, 2, std::numeric_limits<float>::quiet_NaN(), 0.5F, 4, 5, 6, 0.25F});
  EXPECT_NE(error_of(), "no error");
  EXPECT_THROW(static_cast<void>(open_dataset(folder_ / "nowhere")), FormatError);
}

// As on a disk that is not there: the scans are missed, not left out.
TEST_F(FolderDataset, MissesWhatALinkLeadsTo) {
  write<float>("a.bin", {1, 2, 3, 0.5F});
  write<std::uint32_t>("a.label", {40});
  write<std::uint32_t>("b.label", {40});
  fs::create_symlink("nowhere/b.bin", folder_ / "b.bin");
  fs::create_symlink("nowhere/c.ply", folder_ / "c.ply");
  const DatasetPtr dataset = open_dataset(folder_);
  ASSERT_EQ(dataset->size(), 3);
  EXPECT_EQ(dataset->get(0).size(), 1);
  EXPECT_THROW(static_cast<void>(dataset->get(1)), FormatError);
  EXPECT_THROW(static_cast<void>(dataset->get(2)), FormatError);
}

// The label of a point is that of its place in the file, whatever is dropped before it.
TEST_F(FolderDataset, DropsPointsThatAreNowhereWithTheirLabels) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  write<float>("a.bin", {1, 2, kNaN, 0.5F, 4, 5, 6, 0.25F, 7, kNaN, 9, 0, 10, 11, 12, 1});
  write<std::uint32_t>("a.label", {40, 44, 40, 50});
  std::vector<std::string> notes;
  const DatasetPtr data =
      open_dataset(folder_, {.read = {.invalid = InvalidPoints::drop},
                             .on_note = [&](const std::string& note) { notes.push_back(note); }});
  const LabelledScan scan = data->get(0);
  EXPECT_EQ(scan.positions, (std::vector<std::array<float, 3>>{{4, 5, 6}, {10, 11, 12}}));
  ASSERT_EQ(scan.labels.size(), 2U);
  const LabelledScan whole = [&] {
    write<float>("a.bin", {1, 2, 3, 0.5F, 4, 5, 6, 0.25F, 7, 8, 9, 0, 10, 11, 12, 1});
    return open_dataset(folder_)->get(0);
  }();
  EXPECT_EQ(scan.labels[0], whole.labels[1]);
  EXPECT_EQ(scan.labels[1], whole.labels[3]);
  EXPECT_NE(scan.labels[0], scan.labels[1]);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("a.bin: 2 points that are not finite are left out"), std::string::npos)
      << notes[0];
}

TEST(LabelledScan, BecomesAScanAndBack) {
  const LabelledScan scan = {{{1, 2, 3}, {4, 5, 6}}, {0.5F, 0.25F}, {8, kIgnoreLabel}};
  EXPECT_EQ(to_labelled(to_scan(scan, street_classes()), street_classes()), scan);
  EXPECT_EQ(to_scan(scan, street_classes()).find("label")->as_double(0), 10);
  LabelledScan odd = scan;
  odd.labels = {12, 0};
  EXPECT_THROW(static_cast<void>(to_scan(odd, street_classes())), std::invalid_argument);
  odd.labels.pop_back();
  EXPECT_THROW(static_cast<void>(to_scan(odd, street_classes())), std::invalid_argument);
}

}  // namespace
}  // namespace voxloom::test
