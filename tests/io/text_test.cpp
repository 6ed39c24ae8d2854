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
  EXPECT_EQ(columns("1 2 3 0.5 0 1\n"), (Names{"nx", "ny", "nz"}));
  EXPECT_EQ(columns("1 2 3 -9 255 0 7\n"), (Names{"intensity", "red", "green", "blue"}));
  EXPECT_EQ(columns("1 2 3 4 5\n"), (Names{"column_3", "column_4"}));
  EXPECT_EQ(columns("# x y z a b\n1 2 3 4 5\n"), (Names{"a", "b"}));
  EXPECT_EQ(columns("x y z a a\n1 2 3 4 5\n"), (Names{"a", "a_2"}));
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
