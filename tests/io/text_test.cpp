#include <clocale>
#include <cmath>

#include "io/support.h"

namespace voxloom::test {
namespace {

TEST(Text, ReadsColumnsWithNames) {
  const Scan scan =
      parse_text("X,Y,Z,label,weight,big\n1,2,3,0,0.5,-1\n-1.5,1e-7,3e2,255,7,70000\n", "a.csv");
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {-1.5, 1e-7, 300}}));
  EXPECT_EQ(values<std::uint8_t>(scan, "label"), (std::vector<std::uint8_t>{0, 255}));
  EXPECT_EQ(values<double>(scan, "weight"), (std::vector<double>{0.5, 7}));
  EXPECT_EQ(values<std::int32_t>(scan, "big"), (std::vector<std::int32_t>{-1, 70000}));
}

TEST(Text, DetectsSeparatorsAndLineEnds) {
  const Positions expected = {{1, 2, 3}, {4, 5.5, -6}};
  for (const char* text :
       {"1 2 3\n4 5.5 -6\n", "1 2 3\r\n4 5.5 -6\r\n", "1,2,3\n4,5.5,-6", "1;2;3\n4;5.5;-6\n",
        "1\t2\t3\n4\t5.5\t-6\n", "  1   2\t3  \n\n4 5.5 -6", "x y z\n1 2 3\n4 5.5 -6\n",
        "# a comment\n1 2 3\n// another\n4 5.5 -6\n", "\"x\", \"y\" ,\"z\"\n1, 2 ,3\n4,5.5,-6\n",
        "//X Y Z\n1 2 3\n4 5.5 -6\n"}) {
    EXPECT_EQ(parse_text(text, "a.xyz").positions, expected) << text;
    EXPECT_EQ(parse_text(text, "a.unknown").positions, expected) << text;
  }
}

TEST(Text, NamesTheUsualColumns) {
  const auto columns = [](std::string_view text) { return names(parse_text(text, "a.txt")); };
  using Names = std::vector<std::string>;
  EXPECT_EQ(columns("1 2 3\n"), Names{});
  EXPECT_EQ(columns("1 2 3 0.5\n"), Names{"intensity"});
  EXPECT_EQ(columns("1 2 3 255 0 7\n"), (Names{"red", "green", "blue"}));
  EXPECT_EQ(columns("1 2 3 0.6 0 -0.8\n"), (Names{"nx", "ny", "nz"}));
  EXPECT_EQ(columns("1 2 3 0.5 0 1\n"), (Names{"red", "green", "blue"}));
  EXPECT_EQ(columns("1 2 3 0.5 -4 900\n"), (Names{"column_3", "column_4", "column_5"}));
  EXPECT_EQ(columns("1 2 3 9 255 7 255\n1 2 3 8 2 7 255\n"),
            (Names{"red", "green", "blue", "alpha"}));
  EXPECT_EQ(columns("1 2 3 9 255 7 1\n1 2 3 8 2 7 2\n"),
            (Names{"intensity", "red", "green", "blue"}));
  EXPECT_EQ(names(parse_text("1 2 3 0.6 0 0.8\n", "a.xyzrgb")), (Names{"red", "green", "blue"}));
  EXPECT_EQ(names(parse_text("1 2 3 0.5 0.5 0.5\n", "a.xyzn")), (Names{"nx", "ny", "nz"}));
  EXPECT_EQ(columns("1 2 3 -9 255 0 7\n"), (Names{"intensity", "red", "green", "blue"}));
  EXPECT_EQ(columns("1 2 3 4 5\n"), (Names{"column_3", "column_4"}));
  EXPECT_EQ(columns("# x y z a b\n1 2 3 4 5\n"), (Names{"a", "b"}));
  EXPECT_EQ(columns("x y z a a\n1 2 3 4 5\n"), (Names{"a", "a_2"}));
}

TEST(Text, ReadsWhatSpreadsheetsAndCloudCompareWrite) {
  const Positions one = {{1, 2, 3}};
  EXPECT_EQ(parse_text("\xef\xbb\xbfx,y,z\n1,2,3\n", "a.csv").positions, one);
  EXPECT_EQ(parse_text("\"X\",\"Y\",\"Z\"\n\"1\",\"2\",\"3\"\n", "a.csv").positions, one);
  EXPECT_EQ(parse_text("x,y,z\r1,2,3\r", "a.csv").positions, one);
  const Scan quoted = parse_text("x,y,z,\"a,b\"\n1,2,3,4\n", "a.csv");
  EXPECT_EQ(names(quoted), std::vector<std::string>{"a,b"});
  const Scan cloud =
      parse_text("//X;Y;Z;R;G;B;Intensity\n2\n1;2;3;10;20;30;0.5\n4;5;6;40;50;60;0.25\n", "a.txt");
  EXPECT_EQ(cloud.positions, (Positions{{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(values<std::uint8_t>(cloud, "blue"), (std::vector<std::uint8_t>{30, 60}));
  EXPECT_EQ(values<double>(cloud, "intensity"), (std::vector<double>{0.5, 0.25}));
  EXPECT_REASON(format_error(FileBytes("3\n1 2 3\n"), "a.txt"),
                "3 points are promised, 1 rows follow");
}

TEST(Text, KeepsStamps) {
  const std::string text =
      "x,y,z,t,u\n1,2,3,1700000000123456789,18446744073709551615\n4,5,6,-1,0\n";
  const Scan scan = parse_text(text, "a.csv");
  EXPECT_EQ(values<std::int64_t>(scan, "t"), (std::vector<std::int64_t>{1700000000123456789, -1}));
  EXPECT_EQ(values<std::uint64_t>(scan, "u"), (std::vector<std::uint64_t>{~std::uint64_t{0}, 0}));
  EXPECT_EQ(as_text(format_scan(scan, {.format = ScanFormat::text, .separator = ','})), text);
}

// A column that holds no number at all is text (words_test.cpp); one that holds some is broken.
TEST(Text, RefusesColumnsOfNumbersAndWords) {
  EXPECT_REASON(format_error(FileBytes("x,y,z,a\n1,2,3,-\n1,2,3,-\n1,2,3,4\n"), "a.csv"),
                "line 2: column 4: '-' is not a number");
  EXPECT_REASON(format_error(FileBytes("x,y,z\n1,2,up\n1,2,down\n"), "a.csv"),
                "line 2: column 3: 'up' is not a number");
  EXPECT_EQ(parse_text("1 2 3 oak\n", "a.xyz", {.fields = {"x", "y", "z", "_"}}).size(), 1);
}

TEST(Text, ReadsNoCommasWithinNumbers) {
  constexpr const char* kCommas = "commas within numbers, for thousands or decimals, are not read";
  EXPECT_REASON(format_error(FileBytes("x,y,z\n\"1,234.5\",2,3\n"), "a.csv"), kCommas);
  EXPECT_REASON(format_error(FileBytes("x;y;z;a\n1,5;2,5;3,5;4\n"), "a.csv"), kCommas);
}

TEST(Text, SaysWhereStampsAreRounded) {
  std::vector<std::string> notes;
  const ReadOptions options{.on_note = [&](const std::string& note) { notes.push_back(note); }};
  const Scan scan = parse_text(
      "x,y,z,t,u\n1,2,3,1700000000123456789,9007199254740993\n1,2,3,0.5,1e18\n", "a.csv", options);
  EXPECT_EQ(values<double>(scan, "t")[1], 0.5);
  EXPECT_EQ(notes, (std::vector<std::string>{
                       "whole numbers of 't' beyond 2^53 are rounded: the column is float64",
                       "whole numbers of 'u' beyond 2^53 are rounded: the column is float64"}));
  notes.clear();
  static_cast<void>(parse_text("1 2 3 9007199254740992\n1 2 3 0.5\n", "a.xyz", options));
  EXPECT_TRUE(notes.empty());
}

TEST(Text, SaysWhereMoreThan64BitsAreRounded) {
  std::vector<std::string> notes;
  const ReadOptions options{.on_note = [&](const std::string& note) { notes.push_back(note); }};
  static_cast<void>(
      parse_text("x,y,z,t,u\n1,2,3,123456789012345678901234567890,inf\n", "a.csv", options));
  EXPECT_EQ(notes, std::vector<std::string>{
                       "whole numbers of 't' beyond 2^53 are rounded: the column is float64"});
  // As float64, -2^63 - 1 is -2^63, which 64 bits hold.
  notes.clear();
  const Scan least =
      parse_text("x,y,z,t,u\n1,2,3,-9223372036854775808,-9223372036854775809\n", "a.csv", options);
  EXPECT_EQ(values<std::int64_t>(least, "t")[0], std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(values<double>(least, "u")[0], -9223372036854775808.0);
  EXPECT_EQ(notes, std::vector<std::string>{
                       "whole numbers of 'u' beyond 2^53 are rounded: the column is float64"});
}

// A byte of 1 is 1 of 255.
TEST(Text, TakesNoSharesForBytes) {
  const Scan scan = parse_text(
      "x,y,z,i,red,green,blue,label\n1,2,3,1.0,0.0,1.0,1.0,1.0\n4,5,6,0.0,1.0,0.0,0.0,0\n",
      "a.csv");
  EXPECT_EQ(values<double>(scan, "intensity"), (std::vector<double>{1, 0}));
  EXPECT_EQ((*byte_colours(scan))[1], (std::vector<std::uint8_t>{255, 0}));
  EXPECT_EQ(values<std::uint8_t>(scan, "label"), (std::vector<std::uint8_t>{1, 0}));
  EXPECT_EQ(values<double>(parse_text("1 2 3 1\n", "a.xyz"), "intensity"), std::vector<double>{1});
  EXPECT_EQ(values<std::uint16_t>(parse_text("1 2 3 7\n", "a.xyz"), "intensity"),
            std::vector<std::uint16_t>{7});
  EXPECT_EQ(values<std::uint8_t>(parse_text("x y z r g b\n1 2 3 0 0 1\n", "a.xyz"), "blue"),
            std::vector<std::uint8_t>{1});
}

// Colours, or normals; an opacity, or an intensity.
TEST(Text, SaysWhatItTakesColumnsFor) {
  std::vector<std::string> notes;
  const ReadOptions options{.on_note = [&](const std::string& note) { notes.push_back(note); }};
  static_cast<void>(parse_text("1 2 3 0 0 1\n", "a.xyz", options));
  static_cast<void>(parse_text("1 2 3 9 255 7 255\n4 5 6 8 2 7 255\n", "a.xyz", options));
  EXPECT_EQ(
      notes,
      (std::vector<std::string>{
          "6 columns without names are taken for x y z nx ny nz; --fields tells",
          "7 columns without names are taken for x y z red green blue alpha; --fields tells"}));
}

TEST(Text, ReadsRowsWithEmptyCells) {
  EXPECT_EQ(parse_text("x,y,z,,\n1,2,3,,\n4,5,6,,\n", "a.csv").positions,
            (Positions{{1, 2, 3}, {4, 5, 6}}));
}

TEST(Text, ReadsItsOwnOddNames) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  scan.set("nan", std::vector<double>{1.5});
  scan.set("1", std::vector<double>{2.5});
  scan.set("inf", std::vector<double>{3.5});
  EXPECT_EQ(parse_scan(format_scan(scan, {.format = ScanFormat::text}), "a.xyz"), scan);
}

TEST(Text, TakesNamesFromTheCaller) {
  const Scan scan = parse_text("9 1 2 3 7\n", "a.xyz", {.fields = {"_", "x", "y", "z", "label"}});
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}}));
  EXPECT_EQ(names(scan), std::vector<std::string>{"label"});
  EXPECT_REASON(format_error(FileBytes("1 2 3\n"), "a.xyz", {.fields = {"x", "y"}}),
                "2 fields are named, the rows have 3 columns");
}

TEST(Names, AreThoseOfTheTable) {
  const Scan scan = parse_text(
      "X,Y,Z,Red,Green,Blue,scalar_Intensity,Classification,normal_x\n1,2,3,79,164,50,0.5,2,1\n",
      "a.csv");
  EXPECT_EQ(names(scan), (std::vector<std::string>{"red", "green", "blue", "intensity",
                                                   "classification", "nx"}));
  // An exact name rules over others, which then keep theirs.
  const Scan both = parse_text("X,x,y,z,reflectance,intensity\n9,1,2,3,4,5\n", "a.csv");
  EXPECT_EQ(both.positions, (Positions{{1, 2, 3}}));
  EXPECT_EQ(names(both), (std::vector<std::string>{"X", "reflectance", "intensity"}));
  std::vector<std::string> notes;
  const Scan r = parse_text("x,y,z,r,i\n1,2,3,4,5\n", "a.csv",
                            {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(names(r), (std::vector<std::string>{"r", "intensity"}));
  EXPECT_EQ(notes, std::vector<std::string>{"columns are read: 'i' as intensity"});
}

TEST(Text, FindsPositionsByName) {
  EXPECT_EQ(parse_text("label z y x\n9 3 2 1\n", "a.txt").positions, (Positions{{1, 2, 3}}));
}

TEST(Text, ReadsSpecialNumbers) {
  const Scan scan = parse_text("1 2 3 nan\n-0 1e-400 1e308 -inf\n", "a.xyz");
  EXPECT_EQ(scan.positions[1], (std::array<double, 3>{0, 0, 1e308}));
  EXPECT_TRUE(std::isnan(values<double>(scan, "intensity")[0]));
  EXPECT_TRUE(std::isinf(values<double>(scan, "intensity")[1]));
}

TEST(Text, IgnoresTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    const Scan scan = parse_text("1.5 2.5 3.5\n", "a.xyz");
    EXPECT_EQ(scan.positions, (Positions{{1.5, 2.5, 3.5}})) << name;
    EXPECT_EQ(as_text(format_scan(scan, {.format = ScanFormat::text})), "x y z\n1.5 2.5 3.5\n");
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST(Text, RefusesBadRows) {
  const auto reason = [](std::string_view text) {
    return format_error(FileBytes(text), "bad.csv");
  };
  EXPECT_REASON(reason("1,2\n"), "line 1: 2 columns: at least x, y and z are expected");
  EXPECT_REASON(reason("1,2,3\n1,2\n"), "line 2: 2 columns, 3 are expected");
  EXPECT_REASON(reason("1,2,3\n\n1,2,3,4\n"), "line 3: more than 3 columns");
  EXPECT_REASON(reason("1,2,3\n1,,3\n"), "line 2: column 2: '' is not a number");
  EXPECT_REASON(reason("1,2,3\n1,2,\n"), "line 2: column 3: '' is not a number");
  EXPECT_REASON(reason("1,2,3\n1,x,3\n"), "line 2: column 2: 'x' is not a number");
  EXPECT_REASON(reason("1,2,3\n1,1e999,3\n"), "'1e999' does not fit float64");
  EXPECT_REASON(reason("a,b,c\n1,2,3\n"), "has no column 'x'; its columns are 'a, b, c'");
  EXPECT_REASON(reason("x,y,z,w\n1,2,3\n"), "the first line names 4 columns, the rows have 3");
  EXPECT_REASON(reason("\n\n"), "holds no points");
  EXPECT_REASON(reason("# nothing\n"), "holds no points");
  EXPECT_REASON(reason(std::string("1,2,3\n1,\0,3\n", 12)), "line 2: holds a zero byte");
  EXPECT_REASON(reason(std::string(1 << 21, '1')), "line 1: is longer than 1048576 bytes");
  EXPECT_REASON(reason("1,2,3\n1,\x01\n2,3\n"), "line 2: ");
}

TEST(Text, WritesTheExpectedBytes) {
  Scan scan;
  scan.positions = {{0.1, -2, 1e-7}, {1e300, 0, 3}};
  scan.set("label", std::vector<std::uint8_t>{7, 255});
  scan.set("a,b", std::vector<float>{0.1F, -0.0F});
  EXPECT_EQ(as_text(format_scan(scan, {.format = ScanFormat::text, .separator = ','})),
            "x,y,z,label,a_b\n0.1,-2,1e-07,7,0.1\n1e+300,0,3,255,-0\n");
}

}  // namespace
}  // namespace voxloom::test
