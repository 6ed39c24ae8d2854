// What columns are called when the caller says so.
#include "io/support.h"

namespace voxloom::test {
namespace {

constexpr std::string_view kTable =
    "x,y,z,intensity,reflectivity,easting,Comment\n1,2,3,10,20,500,7\n";

Scan read(const ReadOptions& options) { return parse_text(kTable, "a.csv", options); }

std::string error_of(const ReadOptions& options) {
  return format_error(FileBytes(kTable), "a.csv", options);
}

TEST(ColumnRoles, RuleOverNamesAndAliases) {
  const Scan scan = read({.columns = {{"intensity", "Reflectivity"}, {"x", "easting"}}});
  EXPECT_EQ(scan.positions[0], (std::array<double, 3>{500, 2, 3}));
  EXPECT_EQ(scan.find("intensity")->as_double(0), 20);
  // What bore the names before is still there.
  EXPECT_EQ(names(scan), (std::vector<std::string>{"x_2", "intensity_2", "intensity", "Comment"}));
  EXPECT_EQ(scan.find("intensity_2")->as_double(0), 10);
  EXPECT_EQ(scan.find("x_2")->as_double(0), 1);
}

TEST(ColumnRoles, NameColumnsThatAreThere) {
  EXPECT_REASON(error_of({.columns = {{"intensity", "gain"}}}), "has no column 'gain'");
  EXPECT_REASON(error_of({.drop = {"gain"}}), "has no column 'gain'");
  EXPECT_REASON(error_of({.keep = std::vector<std::string>{"gain"}}), "has no column 'gain'");
}

// The last one would win, without a word.
TEST(ColumnRoles, AreGivenOnce) {
  EXPECT_REASON(error_of({.columns = {{"intensity", "easting"}, {"intensity", "reflectivity"}}}),
                "the column 'easting' is to be read as intensity, and 'reflectivity' as intensity");
  EXPECT_REASON(error_of({.columns = {{"intensity", "easting"}, {"x", "Easting"}}}),
                "the column 'easting' is to be read as intensity, and 'easting' as x");
  EXPECT_EQ(read({.columns = {{"x", "easting"}, {"x", "easting"}}}).positions[0][0], 500);
}

// What its cells hold then matters to nobody.
TEST(ColumnRoles, TextMayBeDropped) {
  const FileBytes file("x,y,z,a,word,mixed\n1,2,3,4,oak,n/a\n5,6,7,8,fir,1e400\n5,6,7,8,fir,9\n");
  std::vector<std::string> notes;
  const Scan scan = parse(file, "a.csv",
                          {.drop = {"Word", "mixed"},
                           .on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(names(scan), std::vector<std::string>{"a"});
  EXPECT_TRUE(notes.empty()) << notes[0];
  EXPECT_EQ(names(parse(file, "a.csv", {.fields = {"x", "y", "z", "a", "_", "_"}})),
            std::vector<std::string>{"a"});
  EXPECT_REASON(format_error(file, "a.csv", {.drop = {"word"}}),
                "column 6: '1e400' does not fit float64");
  EXPECT_EQ(names(parse(file, "a.csv", {.columns = {{"label", "word"}}, .drop = {"mixed"}})),
            (std::vector<std::string>{"a", "label"}));
  EXPECT_EQ(
      names(parse(file, "a.csv", {.drop = {"mixed"}, .keep = std::vector<std::string>{"word"}})),
      std::vector<std::string>{"word"});
}

TEST(ColumnRoles, DropAndKeep) {
  EXPECT_EQ(names(read({.drop = {"comment", "easting"}})),
            (std::vector<std::string>{"intensity", "reflectivity"}));
  EXPECT_EQ(names(read({.keep = std::vector<std::string>{"Comment"}})),
            (std::vector<std::string>{"Comment"}));
  EXPECT_TRUE(names(read({.keep = std::vector<std::string>{}})).empty());
  // Positions are no attributes: they stay.
  EXPECT_EQ(read({.drop = {"x"}}).positions[0], (std::array<double, 3>{1, 2, 3}));
}

TEST(ColumnRoles, AreTheSameInPieces) {
  ScanReader reader(std::as_bytes(std::span(kTable)), "a.csv",
                    {.columns = {{"intensity", "reflectivity"}}, .drop = {"comment"}});
  EXPECT_EQ(names(reader.read(0)), names(reader.read(1)));
}

TEST(IntensityRange, IsWhatTheFormatSays) {
  FileBytes kitti;
  for (const float value : {1.0F, 2.0F, 3.0F, 0.5F, 4.0F, 5.0F, 6.0F, 0.25F}) kitti.put(value);
  EXPECT_EQ(parse(kitti, "a.bin").intensity_range, (Interval{0, 1}));
  EXPECT_FALSE(parse(kitti, "a.bin", {.fields = {"x", "y", "z", "intensity"}}).intensity_range);
  EXPECT_FALSE(
      parse(kitti, "a.bin", {.columns = {{"intensity", "x"}, {"x", "intensity"}}}).intensity_range);
  FileBytes nuscenes;
  for (const float value : {1.0F, 2.0F, 3.0F, 200.0F, 4.0F}) nuscenes.put(value);
  EXPECT_EQ(parse(nuscenes, "a.pcd.bin").intensity_range, (Interval{0, 255}));
  EXPECT_EQ(parse_text("1\n1 2 3 -5\n", "a.pts").intensity_range, (Interval{-2048, 2047}));
  EXPECT_FALSE(parse_text("1 2 3 0.5\n", "a.xyz").intensity_range);
}

}  // namespace
}  // namespace voxloom::test
