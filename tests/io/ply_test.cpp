#include "io/support.h"

namespace voxloom::test {
namespace {

constexpr std::string_view kAscii =
    "ply\n"
    "format ascii 1.0\n"
    "comment made by hand\n"
    "element vertex 3\n"
    "property float x\n"
    "property float y\n"
    "property float z\n"
    "property uchar red\n"
    "property int label\n"
    "element face 1\n"
    "property list uchar int vertex_indices\n"
    "end_header\n"
    "0 0 0 255 -1\n"
    "1.5 -2e3 1e-7 0 70000\n"
    "+1 .5 -0 7 0\n"
    "3 0 1 2\n";

TEST(Ply, ReadsAscii) {
  const Scan scan = parse_text(kAscii, "a.ply");
  EXPECT_EQ(scan.positions, (Positions{{0, 0, 0}, {1.5, -2000, 1e-7F}, {1, 0.5, -0.0}}));
  EXPECT_EQ(scan.position_type, ColumnType::f32);
  EXPECT_EQ(names(scan), (std::vector<std::string>{"red", "label"}));
  EXPECT_EQ(values<std::uint8_t>(scan, "red"), (std::vector<std::uint8_t>{255, 0, 7}));
  EXPECT_EQ(values<std::int32_t>(scan, "label"), (std::vector<std::int32_t>{-1, 70000, 0}));
}

TEST(Ply, SaysWhatLiesBehindItsPoints) {
  FileBytes file(
      "ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
      "property float z\nend_header\n");
  for (const float value : {1.0F, 2.0F, 3.0F}) file.put(value);
  std::vector<std::string> notes;
  const ReadOptions options{.on_note = [&](const std::string& note) { notes.push_back(note); }};
  EXPECT_EQ(parse(file, "a.ply", options).size(), 1);
  EXPECT_TRUE(notes.empty());
  for (const float value : {4.0F, 5.0F, 6.0F}) file.put(value);
  EXPECT_EQ(parse(file, "a.ply", options).size(), 1);
  EXPECT_EQ(notes, std::vector<std::string>{
                       "12 bytes behind the 1 points that the header promises are not read"});
}

TEST(Ply, ReadsAsciiWithCarriageReturnsAndEmptyLines) {
  std::string text;
  for (const char c : kAscii) text += c == '\n' ? "\r\n" : std::string(1, c);
  text.insert(text.find("0 0 0 255"), "\r\n  \r\n");
  EXPECT_EQ(parse_text(text, "a.ply"), parse_text(kAscii, "a.ply"));
  text.resize(text.rfind("3 0 1 2") - 2);  // the last row without its end of line
  EXPECT_EQ(parse_text(text, "a.ply"), parse_text(kAscii, "a.ply"));
}

std::string header(std::string_view encoding, std::string_view elements) {
  return "ply\nformat " + std::string(encoding) + " 1.0\n" + std::string(elements) + "end_header\n";
}

TEST(Ply, ReadsBothByteOrders) {
  constexpr std::string_view kElements =
      "element vertex 2\nproperty double x\nproperty float32 y\nproperty int16 z\n"
      "property uint flags\nproperty int8 c\n";
  FileBytes little(header("binary_little_endian", kElements));
  little.put(1.25).put(-3.F).put<std::int16_t>(-300).put(0xdeadbeefU).put<std::int8_t>(-7);
  little.put(1e300).put(0.F).put<std::int16_t>(5).put(1U).put<std::int8_t>(8);
  FileBytes big(header("binary_big_endian", kElements));
  big.big(1.25).big(-3.F).big<std::int16_t>(-300).big(0xdeadbeefU).big<std::int8_t>(-7);
  big.big(1e300).big(0.F).big<std::int16_t>(5).big(1U).big<std::int8_t>(8);
  const Scan scan = parse(little, "a.ply");
  EXPECT_EQ(scan.positions, (Positions{{1.25, -3, -300}, {1e300, 0, 5}}));
  EXPECT_EQ(scan.position_type, ColumnType::f64);
  EXPECT_EQ(values<std::uint32_t>(scan, "flags"), (std::vector<std::uint32_t>{0xdeadbeefU, 1}));
  EXPECT_EQ(values<std::int8_t>(scan, "c"), (std::vector<std::int8_t>{-7, 8}));
  EXPECT_EQ(parse(big, "a.ply"), scan);
}

constexpr std::string_view kLists =
    "element camera 1\nproperty float f\nproperty double g\n"
    "element face 2\nproperty list uchar ushort corners\nproperty char side\n"
    "element vertex 2\nproperty float x\nproperty list short float weights\nproperty float y\n"
    "property float z\n"
    "element tail 9\nproperty int t\n";

TEST(Ply, StepsOverElementsAndLists) {
  FileBytes file(header("binary_big_endian", kLists));
  file.big(1.F).big(2.0);
  file.big<std::uint8_t>(3).big<std::uint16_t>(1).big<std::uint16_t>(2).big<std::uint16_t>(3);
  file.big<std::int8_t>(1).big<std::uint8_t>(0).big<std::int8_t>(2);
  file.big(10.F).big<std::int16_t>(2).big(0.F).big(0.F).big(11.F).big(12.F);
  file.big(20.F).big<std::int16_t>(0).big(21.F).big(22.F);
  const Positions expected = {{10, 11, 12}, {20, 21, 22}};
  EXPECT_EQ(parse(file, "a.ply").positions, expected);
  const std::string ascii =
      header("ascii", kLists) + "1 2\n3 1 2 3 1\n0 2\n10 2 0 0 11 12\n20 0 21 22\n";
  EXPECT_EQ(parse_text(ascii, "a.ply").positions, expected);
}

TEST(Ply, RefusesBadHeaders) {
  const auto reason = [](std::string_view text) {
    return format_error(FileBytes(text), "bad.ply");
  };
  EXPECT_REASON(reason("plx\n"), "byte 0: is named like a ply file but does not start like one");
  EXPECT_REASON(reason("ply\nformat ascii 1.0\n"), "no 'end_header'");
  EXPECT_REASON(reason("ply\nend_header\n"), "line 2: the header has no 'format'");
  EXPECT_REASON(reason("ply\nformat ascii 1.0\nend_header\n"), "no element 'vertex'");
  EXPECT_REASON(reason("ply\nformat ascii 2.0\n"), "line 2: expected 'format <encoding> 1.0'");
  EXPECT_REASON(reason("ply\nformat fancy 1.0\n"), "unknown encoding 'fancy'");
  EXPECT_REASON(reason("ply\nproperty float x\n"), "before the first element");
  EXPECT_REASON(reason("ply\nelement vertex -1\n"), "'-1' is not a count");
  EXPECT_REASON(reason("ply\nelement vertex 99999999999999999999\n"), "is not a count");
  EXPECT_REASON(reason("ply\nelement vertex\n"), "expected 'element <name> <count>'");
  EXPECT_REASON(reason("ply\nelement v 1\nproperty quad x\n"), "line 3: unknown type 'quad'");
  EXPECT_REASON(reason("ply\nelement v 1\nproperty list float int x\n"),
                "a list's length cannot be 'float'");
  EXPECT_REASON(reason("ply\nelement v 1\nproperty float\n"), "expected 'property <type> <name>'");
  EXPECT_REASON(reason("ply\nbanana\n"), "'banana' is no word of a PLY header");
  EXPECT_REASON(reason(header("ascii", "element vertex 1\nproperty float x\n") + "1\n"),
                "has no column 'y'; its columns are 'x'");
  EXPECT_REASON(reason(header("ascii", "element vertex 0\n")), "'vertex' has no properties");
}

constexpr std::string_view kVertex = "property float x\nproperty float y\nproperty float z\n";

TEST(Ply, RefusesCountsThatLie) {
  const std::string billions = "element vertex 1000000000000\n" + std::string(kVertex);
  EXPECT_REASON(format_error(FileBytes(header("ascii", billions) + "1 2 3\n"), "a.ply"),
                "promises 1000000000000 points of 3 numbers, but only 6 bytes follow");
  EXPECT_REASON(format_error(FileBytes(header("binary_little_endian", billions)), "a.ply"),
                "promises 1000000000000 rows of element 'vertex'");
  const std::string huge = "element vertex 9223372036854775807\n" + std::string(kVertex);
  EXPECT_REASON(format_error(FileBytes(header("binary_little_endian", huge)), "a.ply"),
                "promises 9223372036854775807");
  const std::string before = "element big 9223372036854775807\nproperty double q\n" + billions;
  EXPECT_REASON(format_error(FileBytes(header("binary_little_endian", before)), "a.ply"),
                "of element 'big'");
}

TEST(Ply, RefusesBadRows) {
  const auto reason = [](std::string_view rows) {
    const std::string two = "element vertex 2\n" + std::string(kVertex) + "property uchar c\n";
    return format_error(FileBytes(header("ascii", two) + std::string(rows)), "a.ply");
  };
  EXPECT_REASON(reason("1 2 3 4\n"), "promises 2 points");
  EXPECT_REASON(reason("1 2 3 4      \n      \n"),
                "line 10: the file ends after 1 of the 2 points that it promises");
  EXPECT_REASON(reason("1 2 3 4\n1 2 3      \n"), "line 10: the row is too short");
  EXPECT_REASON(reason("1 2 3 4\n1 2 3 4 5\n"), "line 10: the row is too long");
  EXPECT_REASON(reason("1 2 x3 4\n1 2 3 4\n"),
                "line 9: 'x3' is no float32, the type of column 'z'");
  EXPECT_REASON(reason("1 2 3 256\n1 2 3 4\n"), "'256' does not fit uint8");
  EXPECT_REASON(reason("1 2 1e39 4\n1 2 3 4\n"), "'1e39' does not fit float32");
  EXPECT_REASON(reason("1 2 1,5 4\n1 2 3 4\n"), "'1,5' is no float32");
  // Neither kind of comment stands among a PLY file's rows.
  EXPECT_REASON(reason("1 2 3 4\n# 2 3 4\n1 2 3 4\n"), "line 10: '#' is no float32");
  EXPECT_REASON(reason("1 2 3 4\n// 2 3 4\n1 2 3 4\n"), "line 10: '//' is no float32");
}

TEST(Ply, RefusesTruncatedBinary) {
  FileBytes file(header("binary_little_endian", "element vertex 2\n" + std::string(kVertex)));
  file.put(1.F).put(2.F).put(3.F).put(4.F);
  EXPECT_REASON(format_error(file, "a.ply"), "but 16 bytes follow");
  FileBytes lists(header("binary_little_endian", kLists));
  lists.put(1.F).put(2.0).put<std::uint8_t>(200).put(0.0);
  EXPECT_REASON(format_error(lists, "a.ply"), "but");
}

TEST(Ply, RefusesListsThatLie) {
  const std::string elements =
      "element vertex 1\nproperty list int double w\n" + std::string(kVertex);
  FileBytes negative(header("binary_little_endian", elements));
  negative.put(-1).put(1.F).put(2.F).put(3.F);
  EXPECT_REASON(format_error(negative, "a.ply"), "a list 'w' has -1 entries");
  FileBytes large(header("binary_little_endian", elements));
  large.put(0x7fffffff).put(1.F).put(2.F).put(3.F);
  EXPECT_REASON(format_error(large, "a.ply"), "a list 'w' has 2147483647 entries");
}

TEST(Ply, WritesTheExpectedBytes) {
  Scan scan;
  scan.position_type = ColumnType::f32;
  scan.positions = {{1, -2.5, 0.1F}};
  scan.set("label", std::vector<std::uint8_t>{7});
  scan.set("my column", std::vector<float>{1, 1e-7F}, 2);
  const auto bytes = format_scan(scan, {.format = ScanFormat::ply, .encoding = Encoding::ascii});
  EXPECT_EQ(as_text(bytes),
            "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
            "property float z\nproperty uchar label\nproperty float my_column_0\n"
            "property float my_column_1\nend_header\n1 -2.5 0.1 7 1 1e-07\n");
}

TEST(Ply, WritesWideIntegersAsDoublesWhereThatIsExact) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  scan.set("time", std::vector<std::uint64_t>{1ULL << 53U});
  const auto bytes = format_scan(scan, {.format = ScanFormat::ply});
  EXPECT_EQ(values<double>(parse_scan(bytes, "a.ply"), "time"), std::vector<double>{0x1p53});
  scan.set("time", std::vector<std::uint64_t>{(1ULL << 53U) + 1});
  const Scan back = parse_scan(format_scan(scan, {.format = ScanFormat::ply}), "a.ply");
  EXPECT_EQ(values<std::uint32_t>(back, "time_high"), std::vector<std::uint32_t>{1U << 21U});
  EXPECT_EQ(values<std::uint32_t>(back, "time_low"), std::vector<std::uint32_t>{1});
  scan.set("time", std::vector<std::int64_t>{INT64_MIN + 5});
  const Scan negative = parse_scan(format_scan(scan, {.format = ScanFormat::ply}), "a.ply");
  EXPECT_EQ(values<std::int32_t>(negative, "time_high"), std::vector<std::int32_t>{INT32_MIN});
  EXPECT_EQ(values<std::uint32_t>(negative, "time_low"), std::vector<std::uint32_t>{5});
}

TEST(Ply, WritesTypesAndColoursThatOthersRead) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  scan.set("a", std::vector<std::int8_t>{1});
  scan.set("b", std::vector<std::uint16_t>{2});
  scan.set("c", std::vector<std::int16_t>{3});
  scan.set("red", std::vector<float>{0.5F});
  scan.set("green", std::vector<float>{0});
  scan.set("blue", std::vector<float>{1});
  EXPECT_EQ(as_text(format_scan(scan, {.format = ScanFormat::ply, .encoding = Encoding::ascii})),
            "ply\nformat ascii 1.0\nelement vertex 1\nproperty double x\nproperty double y\n"
            "property double z\nproperty int8 a\nproperty uint16 b\nproperty int16 c\n"
            "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n"
            "1 2 3 1 2 3 128 0 255\n");
}

TEST(Ply, WritesAnAlphaAsTheColoursBesideIt) {
  Scan scan;
  scan.positions = {{1, 2, 3}};
  for (const char* name : {"red", "green", "blue"}) scan.set(name, std::vector<std::uint8_t>{10});
  scan.set("alpha", std::vector<float>{0.5F});
  const WriteOptions ascii{.format = ScanFormat::ply, .encoding = Encoding::ascii};
  const std::string text = as_text(format_scan(scan, ascii));
  EXPECT_NE(text.find("property uchar alpha\nend_header\n1 2 3 10 10 10 128\n"), std::string::npos)
      << text;
  // Beside colours that stay as they are, and where it is none, it does so too.
  scan.set("alpha", std::vector<float>{-0.5F});
  EXPECT_NE(as_text(format_scan(scan, ascii)).find("property float alpha"), std::string::npos);
  scan.set("alpha", std::vector<float>{0.5F});
  scan.set("red", std::vector<float>{-1});
  EXPECT_NE(as_text(format_scan(scan, ascii)).find("property float alpha"), std::string::npos);
}

TEST(Ply, Reads64BitIntegers) {
  FileBytes file(header("binary_little_endian", "element vertex 1\n" + std::string(kVertex) +
                                                    "property int64 t\nproperty uint64 u\n"));
  file.put(1.F).put(2.F).put(3.F).put<std::int64_t>(-1).put(~std::uint64_t{0});
  const Scan scan = parse(file, "a.ply");
  EXPECT_EQ(values<std::int64_t>(scan, "t"), std::vector<std::int64_t>{-1});
  EXPECT_EQ(values<std::uint64_t>(scan, "u"), std::vector<std::uint64_t>{~std::uint64_t{0}});
}

TEST(Ply, ReadsCarriageReturns) {
  const std::string ascii =
      "ply\rformat ascii 1.0\relement vertex 1\rproperty float x\rproperty float y\r"
      "property float z\rend_header\r1 2 3\r";
  EXPECT_EQ(parse_text(ascii, "a.ply").positions, (Positions{{1, 2, 3}}));
  // The first byte of the data is a line feed.
  FileBytes binary(
      "ply\rformat binary_little_endian 1.0\relement vertex 1\rproperty uchar x\r"
      "property uchar y\rproperty uchar z\rend_header\r\n\x02\x03");
  EXPECT_EQ(parse(binary, "a.ply").positions, (Positions{{10, 2, 3}}));
}

constexpr std::string_view kEvenLists =
    "element vertex 2\nproperty float x\nproperty list uint float fpfh\nproperty float y\n"
    "property float z\n";

TEST(Ply, KeepsCommentsAndSaysWhatIsLeftOut) {
  std::vector<std::string> notes;
  const Scan scan = parse_text(
      "ply\nformat ascii 1.0\ncomment class 40 128 64 128 road\ncomment\nelement vertex 1\n"
      "property float x\nproperty float y\nproperty float z\nelement face 1\n"
      "property list uchar int vertex_indices\nend_header\n1 2 3\n3 0 0 0\n",
      "a.ply", {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(scan.comments, std::vector<std::string>{"class 40 128 64 128 road"});
  EXPECT_EQ(notes,
            std::vector<std::string>{"elements that are no vertices are left out: 'face (1)'"});
  for (const Encoding encoding : {Encoding::binary, Encoding::ascii, Encoding::big_endian}) {
    EXPECT_EQ(
        parse_scan(format_scan(scan, {.format = ScanFormat::ply, .encoding = encoding}), "a.ply"),
        scan);
  }
  Scan odd = scan;
  odd.comments = {"two\nlines"};
  EXPECT_EQ(parse_scan(format_scan(odd, {.format = ScanFormat::ply}), "a.ply").comments,
            std::vector<std::string>{"two lines"});
}

TEST(Ply, SaysWhichCommentsAreTooLong) {
  std::vector<std::string> notes;
  std::string text = "ply\nformat ascii 1.0\ncomment " + std::string(256, 'a') + "\ncomment " +
                     std::string(257, 'b') + "\n";
  for (int i = 0; i < 4100; ++i) text += "comment c\n";
  text +=
      "element vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 "
      "3\n";
  const Scan scan =
      parse_text(text, "a.ply", {.on_note = [&](const std::string& n) { notes.push_back(n); }});
  ASSERT_EQ(scan.comments.size(), 4096U);
  EXPECT_EQ(scan.comments[0], std::string(256, 'a'));
  EXPECT_EQ(notes, std::vector<std::string>{
                       "6 comments of the header are left out: they are longer than 256 bytes, or "
                       "beyond the first 4096"});
}

TEST(Ply, KeepsListsOfOneLengthAsComponents) {
  FileBytes file(header("binary_little_endian", kEvenLists));
  file.put(1.F).put<std::uint32_t>(2).put(5.F).put(6.F).put(2.F).put(3.F);
  file.put(4.F).put<std::uint32_t>(2).put(7.F).put(8.F).put(5.F).put(6.F);
  const Scan scan = parse(file, "a.ply");
  EXPECT_EQ(scan.positions, (Positions{{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(scan.find("fpfh")->components, 2);
  EXPECT_EQ(values<float>(scan, "fpfh"), (std::vector<float>{5, 6, 7, 8}));
  EXPECT_EQ(parse_text(header("ascii", kEvenLists) + "1 2 5 6 2 3\n4 2 7 8 5 6\n", "a.ply"), scan);
  std::vector<std::string> notes;
  const Scan uneven =
      parse_text(header("ascii", kEvenLists) + "1 2 5 6 2 3\n4 1 7 5 6\n", "a.ply",
                 {.on_note = [&](const std::string& note) { notes.push_back(note); }});
  EXPECT_EQ(uneven.positions, scan.positions);
  EXPECT_TRUE(uneven.attributes.empty());
  EXPECT_EQ(notes, (std::vector<std::string>{"the lists 'fpfh' differ in length: left out"}));
}

}  // namespace
}  // namespace voxloom::test
